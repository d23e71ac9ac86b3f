#include "json_path.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Deeper text counts as none, so that it cannot use up the stack.
enum { MAX_DEPTH = 1000, MAX_STEPS = 64 };

typedef struct {
	const char *at, *end;
} scanner;

typedef struct {
	const char *start, *end;
} slice;

typedef struct {
	const char *key; // NULL for an element
	size_t key_length;
	long index;
} step;

typedef struct {
	const step *steps;
	int count;
	json_buffer *buffer; // for keys with escapes
	slice found;
} search;

static void skip_space(scanner *s) {
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r')) {
		s->at++;
	}
}

static int hex4(const char *p) {
	int value = 0;
	for (int i = 0; i < 4; i++) {
		char c = p[i];
		int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
		if (digit < 0) {
			return -1;
		}
		value = value * 16 + digit;
	}
	return value;
}

// skip_unicode steps over the digits of \uXXXX and over the second half of a
// pair. A half alone is an error.
static bool skip_unicode(scanner *s) {
	if (s->end - s->at < 4) {
		return false;
	}
	int code = hex4(s->at);
	s->at += 4;
	if (code < 0 || (code >= 0xDC00 && code <= 0xDFFF)) {
		return false;
	}
	if (code < 0xD800 || code > 0xDBFF) {
		return true;
	}
	if (s->end - s->at < 6 || s->at[0] != '\\' || s->at[1] != 'u') {
		return false;
	}
	int low = hex4(s->at + 2);
	s->at += 6;
	return low >= 0xDC00 && low <= 0xDFFF;
}

// special has a bit set in the first byte of eight that is a quote, a backslash or below
// a space, and none before it; it is 0 if none is. The first is that of the lowest address.
static uint64_t special(const char *p) {
	const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
	uint64_t v;
	memcpy(&v, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	// What is borrowed by a byte that is one changes only bytes behind it.
	uint64_t quote = v ^ ones * '"', backslash = v ^ ones * '\\';
	return (((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) | ((v - ones * 0x20) & ~v)) & tops;
}

// skip_plain steps over what of a string has no meaning, eight bytes at a time: most of
// a document is in its strings.
static void skip_plain(scanner *s) {
	while (s->end - s->at >= 8) {
		uint64_t found = special(s->at);
		if (found != 0) {
			s->at += __builtin_ctzll(found) / 8;
			return;
		}
		s->at += 8;
	}
}

// skip_string steps over a string whose first quote is at s->at.
static bool skip_string(scanner *s, bool *escaped) {
	s->at++;
	for (;;) {
		skip_plain(s);
		if (s->at == s->end) {
			return false;
		}
		unsigned char c = (unsigned char)*s->at++;
		if (c == '"') {
			return true;
		}
		if (c < 0x20) {
			return false;
		}
		if (c != '\\') {
			continue;
		}
		*escaped = true;
		if (s->at == s->end) {
			return false;
		}
		char kind = *s->at++;
		if (kind == 'u' ? !skip_unicode(s) : strchr("\"\\/bfnrt", kind) == NULL || kind == 0) {
			return false;
		}
	}
}

static bool skip_digits(scanner *s) {
	const char *from = s->at;
	while (s->at < s->end && *s->at >= '0' && *s->at <= '9') {
		s->at++;
	}
	return s->at > from;
}

static bool skip_number(scanner *s) {
	if (*s->at == '-') {
		s->at++;
	}
	if (s->at < s->end && *s->at == '0') {
		s->at++;
	} else if (!skip_digits(s)) {
		return false;
	}
	if (s->at < s->end && *s->at == '.') {
		s->at++;
		if (!skip_digits(s)) {
			return false;
		}
	}
	if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
		s->at++;
		if (s->at < s->end && (*s->at == '+' || *s->at == '-')) {
			s->at++;
		}
		return skip_digits(s);
	}
	return true;
}

static bool skip_word(scanner *s, const char *word) {
	size_t length = strlen(word);
	if ((size_t)(s->end - s->at) < length || memcmp(s->at, word, length) != 0) {
		return false;
	}
	s->at += length;
	return true;
}

static bool reserve(json_buffer *b, size_t size) {
	if (b->size >= size) {
		return true;
	}
	char *data = realloc(b->data, size * 2);
	if (data == NULL) {
		return false;
	}
	b->data = data;
	b->size = size * 2;
	return true;
}

static size_t put_utf8(char *out, uint32_t code) {
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xC0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3F));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xE0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3F));
		out[2] = (char)(0x80 | (code & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3F));
	out[2] = (char)(0x80 | (code >> 6 & 0x3F));
	out[3] = (char)(0x80 | (code & 0x3F));
	return 4;
}

// unescape writes what is between the quotes of a valid string.
static bool unescape(slice s, json_buffer *b) {
	if (!reserve(b, (size_t)(s.end - s.start) + 4)) {
		return false;
	}
	char *out = b->data;
	for (const char *p = s.start; p < s.end;) {
		if (*p != '\\') {
			*out++ = *p++;
			continue;
		}
		char kind = p[1];
		p += 2;
		switch (kind) {
		case 'b': *out++ = '\b'; break;
		case 'f': *out++ = '\f'; break;
		case 'n': *out++ = '\n'; break;
		case 'r': *out++ = '\r'; break;
		case 't': *out++ = '\t'; break;
		case 'u': {
			uint32_t code = (uint32_t)hex4(p);
			p += 4;
			if (code >= 0xD800 && code <= 0xDBFF) {
				code = 0x10000 + ((code - 0xD800) << 10) + ((uint32_t)hex4(p + 2) - 0xDC00);
				p += 6;
			}
			out += put_utf8(out, code);
			break;
		}
		default: *out++ = kind;
		}
	}
	b->length = (size_t)(out - b->data);
	return true;
}

static bool walk(scanner *s, search *q, int at, int depth);

static bool is_key(search *q, int at, slice key, bool escaped) {
	const step *want = &q->steps[at];
	if (escaped) {
		return unescape(key, q->buffer) && q->buffer->length == want->key_length && memcmp(q->buffer->data, want->key, want->key_length) == 0;
	}
	return (size_t)(key.end - key.start) == want->key_length && memcmp(key.start, want->key, want->key_length) == 0;
}

static bool walk_object(scanner *s, search *q, int at, int depth) {
	s->at++;
	skip_space(s);
	if (s->at < s->end && *s->at == '}') {
		s->at++;
		return true;
	}
	bool wanted = at >= 0 && q->steps[at].key != NULL;
	for (;;) {
		skip_space(s);
		if (s->at == s->end || *s->at != '"') {
			return false;
		}
		bool escaped = false;
		slice key = {s->at + 1, NULL};
		if (!skip_string(s, &escaped)) {
			return false;
		}
		key.end = s->at - 1;
		skip_space(s);
		if (s->at == s->end || *s->at++ != ':') {
			return false;
		}
		int next = -1;
		if (wanted && is_key(q, at, key, escaped)) {
			next = at + 1;
			wanted = false;
		}
		if (!walk(s, q, next, depth + 1)) {
			return false;
		}
		skip_space(s);
		if (s->at == s->end) {
			return false;
		}
		char c = *s->at++;
		if (c == '}') {
			return true;
		}
		if (c != ',') {
			return false;
		}
	}
}

// walk_elements steps over an array. It takes the element number want, and
// counts them.
static bool walk_elements(scanner *s, search *q, int at, long want, int depth, long *count) {
	s->at++;
	skip_space(s);
	*count = 0;
	if (s->at < s->end && *s->at == ']') {
		s->at++;
		return true;
	}
	for (;;) {
		if (!walk(s, q, *count == want ? at + 1 : -1, depth + 1)) {
			return false;
		}
		++*count;
		skip_space(s);
		if (s->at == s->end) {
			return false;
		}
		char c = *s->at++;
		if (c == ']') {
			return true;
		}
		if (c != ',') {
			return false;
		}
	}
}

static bool walk_array(scanner *s, search *q, int at, int depth) {
	long count, want = -1;
	if (at >= 0 && q->steps[at].key == NULL) {
		want = q->steps[at].index;
		if (want < 0) {
			scanner ahead = *s;
			if (!walk_elements(&ahead, q, -1, -1, depth, &count)) {
				return false;
			}
			want += count;
			if (want < 0) {
				*s = ahead;
				return true;
			}
		}
	}
	return walk_elements(s, q, at, want, depth, &count);
}

// walk checks a value and steps over it. at is the step that is looked for in
// it, the number of steps when it is the value itself, or -1.
static bool walk(scanner *s, search *q, int at, int depth) {
	skip_space(s);
	if (s->at == s->end || depth > MAX_DEPTH) {
		return false;
	}
	const char *start = s->at;
	bool is_it = at == q->count, escaped = false, ok;
	if (is_it) {
		at = -1;
	}
	switch (*s->at) {
	case '{': ok = walk_object(s, q, at, depth); break;
	case '[': ok = walk_array(s, q, at, depth); break;
	case '"': ok = skip_string(s, &escaped); break;
	case 't': ok = skip_word(s, "true"); break;
	case 'f': ok = skip_word(s, "false"); break;
	case 'n': ok = skip_word(s, "null"); break;
	default: ok = skip_number(s);
	}
	if (ok && is_it) {
		q->found = (slice){start, s->at};
	}
	return ok;
}

// parse_path reads the steps; a path is made by the compiler, so a bad one is
// no more than refused.
static int parse_path(const char *p, const char *end, step *steps) {
	int count = 0;
	while (p < end) {
		if (count == MAX_STEPS) {
			return -1;
		}
		char kind = *p++;
		bool negative = p < end && *p == '-';
		if (negative) {
			p++;
		}
		long n = 0;
		while (p < end && *p >= '0' && *p <= '9' && n < 1000000000) {
			n = n * 10 + (*p++ - '0');
		}
		if (p == end) {
			return -1;
		}
		p++;
		steps[count] = (step){NULL, 0, negative ? -n : n};
		if (kind == 'k') {
			if (n > end - p) {
				return -1;
			}
			steps[count].key = p;
			steps[count].key_length = (size_t)n;
			p += n;
		}
		count++;
	}
	return count;
}

// shortest writes a real with as few digits as it takes to read it back.
static bool shortest(slice s, json_buffer *b) {
	size_t length = (size_t)(s.end - s.start);
	if (!reserve(b, length + 64)) {
		return false;
	}
	memcpy(b->data, s.start, length);
	b->data[length] = 0;
	double value = strtod(b->data, NULL);
	for (int digits = 15; digits <= 17; digits++) {
		b->length = (size_t)snprintf(b->data, b->size, "%.*g", digits, value);
		if (strtod(b->data, NULL) == value) {
			break;
		}
	}
	if (strpbrk(b->data, ".en") == NULL) {
		memcpy(b->data + b->length, ".0", 3);
		b->length += 2;
	}
	return true;
}

// minify copies a value without the white space between its parts.
static bool minify(slice s, json_buffer *b) {
	if (!reserve(b, (size_t)(s.end - s.start))) {
		return false;
	}
	char *out = b->data;
	for (scanner in = {s.start, s.end}; in.at < in.end;) {
		const char *from = in.at;
		bool escaped;
		if (*from == '"') {
			skip_string(&in, &escaped);
		} else {
			in.at++;
			if (*from == ' ' || *from == '\n' || *from == '\t' || *from == '\r') {
				continue;
			}
		}
		memcpy(out, from, (size_t)(in.at - from));
		out += in.at - from;
	}
	b->length = (size_t)(out - b->data);
	return true;
}

static bool is_real(slice s) {
	for (const char *p = s.start; p < s.end; p++) {
		if (*p == '.' || *p == 'e' || *p == 'E') {
			return true;
		}
	}
	return false;
}

static bool value_text(slice v, json_buffer *b, const char **result, size_t *length) {
	*result = v.start;
	*length = (size_t)(v.end - v.start);
	bool made;
	switch (*v.start) {
	case 'n':
		return false;
	case 't':
	case 'f':
		return true;
	case '"':
		v = (slice){v.start + 1, v.end - 1};
		*result = v.start;
		*length -= 2;
		if (memchr(v.start, '\\', *length) == NULL) {
			return true;
		}
		made = unescape(v, b);
		break;
	case '{':
	case '[':
		made = minify(v, b);
		break;
	default:
		if (!is_real(v)) {
			return true;
		}
		made = shortest(v, b);
	}
	*result = b->data;
	*length = b->length;
	return made;
}

bool json_is_valid(const char *text, size_t length) {
	scanner s = {text, text + length};
	search nothing = {NULL, 0, NULL, {NULL, NULL}};
	if (!walk(&s, &nothing, -1, 0)) {
		return false;
	}
	skip_space(&s);
	return s.at == s.end;
}

bool json_path_text(const char *text, size_t length, const char *path, size_t path_length, json_buffer *buffer,
	const char **result, size_t *result_length) {
	step steps[MAX_STEPS];
	int count = parse_path(path, path + path_length, steps);
	if (count < 0) {
		return false;
	}
	scanner s = {text, text + length};
	search q = {steps, count, buffer, {NULL, NULL}};
	if (!walk(&s, &q, 0, 0)) {
		return false;
	}
	skip_space(&s);
	return s.at == s.end && q.found.start != NULL && value_text(q.found, buffer, result, result_length);
}
