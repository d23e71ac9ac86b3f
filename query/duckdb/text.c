#include "text.h"

#include <stdint.h>
#include <string.h>

#include "json_path.h"
#include "unicode_table.h"

typedef unsigned char byte;

static byte fold_byte(byte c) { return c >= 'a' && c <= 'z' ? c - 32 : c; }

static bool is_ascii_alphanumeric(byte c) {
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// decode reads the code point at text and sets its length in bytes. DuckDB's
// strings are valid UTF-8, so only the end of the text needs care.
static uint32_t decode(const byte *text, size_t length, size_t *size) {
	byte c = text[0];
	size_t want = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
	if (want > length) {
		want = 1;
	}
	*size = want;
	switch (want) {
	case 2:
		return (uint32_t)(c & 0x1F) << 6 | (text[1] & 0x3F);
	case 3:
		return (uint32_t)(c & 0x0F) << 12 | (uint32_t)(text[1] & 0x3F) << 6 | (text[2] & 0x3F);
	case 4:
		return (uint32_t)(c & 0x07) << 18 | (uint32_t)(text[1] & 0x3F) << 12 | (uint32_t)(text[2] & 0x3F) << 6 | (text[3] & 0x3F);
	}
	return c;
}

// fold returns the upper case of a code point, as .NET's ordinal comparison
// without regard to case has it: one to one, and never from outside of ASCII
// into it.
static uint32_t fold(uint32_t r) {
	if (r < 0x80) {
		return fold_byte((byte)r);
	}
	size_t low = 0, high = sizeof(unicode_upper) / sizeof(unicode_upper[0]);
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (unicode_upper[middle].from < r) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (low < sizeof(unicode_upper) / sizeof(unicode_upper[0]) && unicode_upper[low].from == r) {
		return unicode_upper[low].to;
	}
	return r;
}

static bool is_alphanumeric(uint32_t r) {
	if (r < 0x80) {
		return is_ascii_alphanumeric((byte)r);
	}
	size_t low = 0, high = sizeof(unicode_alphanumeric) / sizeof(unicode_alphanumeric[0]);
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (unicode_alphanumeric[middle].last < r) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < sizeof(unicode_alphanumeric) / sizeof(unicode_alphanumeric[0]) && unicode_alphanumeric[low].first <= r;
}

// ends_alphanumeric reports whether the last code point before end is a letter
// or digit.
static bool ends_alphanumeric(const byte *text, size_t end) {
	size_t start = end - 1, size;
	while (start > 0 && (text[start] & 0xC0) == 0x80) {
		start--;
	}
	return is_alphanumeric(decode(text + start, end - start, &size));
}

static bool begins_alphanumeric(const byte *text, size_t length) {
	size_t size;
	return is_alphanumeric(decode(text, length, &size));
}

// rareness ranks a byte by how seldom it is in names, addresses and JSON:
// searching the rarest byte of the needle first finds the fewest false starts.
static int rareness(byte c) {
	static const char common[] = "eaoitnsrlcdmpu0123456789-.\" :,@hfgby_/";
	const char *at = c < 0x80 ? memchr(common, c >= 'A' && c <= 'Z' ? c + 32 : c, sizeof(common) - 1) : NULL;
	return at == NULL ? (int)sizeof(common) : (int)(at - common);
}

void text_prepare(text_needle *n, const char *raw, size_t length, int mode) {
	n->raw = raw;
	n->raw_length = length;
	n->mode = mode;
	n->length = length;
	n->rare = 0;
	// A side of the needle that is no letter or digit bounds a term by itself:
	// "a.exe" has ".exe".
	n->left = (mode & TEXT_LEFT) && length > 0 && begins_alphanumeric((const byte *)raw, length);
	n->right = (mode & TEXT_RIGHT) && length > 0 && ends_alphanumeric((const byte *)raw, length);
	n->first = length > 0 && (byte)raw[0] < 0x80 ? (byte)raw[0] : 0;
	if (mode & TEXT_FOLD) {
		n->first = fold_byte(n->first);
	}
	n->slash = memchr(raw, '/', length) != NULL;
	n->bytewise = length <= TEXT_NEEDLE;
	if (!n->bytewise) {
		return;
	}
	for (size_t i = 0; i < length; i++) {
		byte c = (byte)raw[i];
		if (mode & TEXT_FOLD) {
			if (c >= 0x80) {
				n->bytewise = false;
			}
			c = fold_byte(c);
		}
		n->bytes[i] = c;
		if (rareness(c) > rareness(n->bytes[n->rare])) {
			n->rare = i;
		}
	}
	n->upper = n->bytes[n->rare];
	n->lower = n->upper;
	if ((mode & TEXT_FOLD) && n->upper >= 'A' && n->upper <= 'Z') {
		n->lower = n->upper + 32;
	}
}

// match_length compares the needle with the text at one place. It returns how
// many bytes of text match, or -1. Only a folded comparison outside of ASCII
// can match fewer or more bytes than the needle has.
static ptrdiff_t match_length(const text_needle *n, const byte *text, size_t length) {
	if (n->bytewise) {
		if (length < n->length) {
			return -1;
		}
		if (!(n->mode & TEXT_FOLD)) {
			return memcmp(text, n->bytes, n->length) == 0 ? (ptrdiff_t)n->length : -1;
		}
		for (size_t i = 0; i < n->length; i++) {
			if (fold_byte(text[i]) != n->bytes[i]) {
				return -1;
			}
		}
		return (ptrdiff_t)n->length;
	}
	const byte *raw = (const byte *)n->raw;
	size_t at = 0;
	for (size_t i = 0; i < n->raw_length;) {
		if (at == length) {
			return -1;
		}
		size_t text_size, raw_size;
		uint32_t a = decode(text + at, length - at, &text_size);
		uint32_t b = decode(raw + i, n->raw_length - i, &raw_size);
		if (a != b && (!(n->mode & TEXT_FOLD) || fold(a) != fold(b))) {
			return -1;
		}
		at += text_size;
		i += raw_size;
	}
	return (ptrdiff_t)at;
}

// bounded reports whether a match at [start, end) has the boundaries that the
// needle asks for.
static bool bounded(const text_needle *n, const byte *text, size_t length, size_t start, size_t end) {
	if (n->left && start > 0 && ends_alphanumeric(text, start)) {
		return false;
	}
	return !(n->right && end < length && begins_alphanumeric(text + end, length - end));
}

// search_bytes finds the needle by its rarest byte.
static bool search_bytes(const text_needle *n, const byte *text, size_t length) {
	if (length < n->length) {
		return false;
	}
	const byte *from = text + n->rare;
	const byte *last = text + length - n->length + n->rare + 1; // behind the last place of the rare byte
	const byte *lower = memchr(from, n->lower, last - from);
	const byte *upper = n->upper == n->lower ? NULL : memchr(from, n->upper, last - from);
	while (lower != NULL || upper != NULL) {
		bool first = upper == NULL || (lower != NULL && lower < upper);
		const byte *found = first ? lower : upper;
		size_t start = (size_t)(found - text) - n->rare;
		if (match_length(n, text + start, length - start) >= 0 && bounded(n, text, length, start, start + n->length)) {
			return true;
		}
		if (first) {
			lower = memchr(found + 1, n->lower, last - found - 1);
		} else {
			upper = memchr(found + 1, n->upper, last - found - 1);
		}
	}
	return false;
}

// may_begin reports whether a code point that begins with a byte can be the
// first one of the needle. A folded byte outside of ASCII is the byte itself.
static bool may_begin(const text_needle *n, byte c) {
	if (n->first == 0) {
		return (c & 0xC0) == 0xC0 || c == 0;
	}
	return ((n->mode & TEXT_FOLD) ? fold_byte(c) : c) == n->first;
}

// search_runes finds the needle by trying every code point that its first one
// may be.
static bool search_runes(const text_needle *n, const byte *text, size_t length) {
	for (size_t start = 0; start < length; start++) {
		if (!may_begin(n, text[start])) {
			continue;
		}
		ptrdiff_t matched = match_length(n, text + start, length - start);
		if (matched >= 0 && bounded(n, text, length, start, start + (size_t)matched)) {
			return true;
		}
	}
	return false;
}

// matches_end reports whether the text ends with the needle.
static bool matches_end(const text_needle *n, const byte *text, size_t length) {
	if (n->bytewise) {
		return length >= n->length && match_length(n, text + length - n->length, n->length) >= 0;
	}
	for (size_t start = 0; start < length; start++) {
		if ((text[start] & 0xC0) != 0x80 && match_length(n, text + start, length - start) == (ptrdiff_t)(length - start)) {
			return true;
		}
	}
	return false;
}

// is_plain reports whether a text is a JSON object or array whose strings stand in it
// as any program writes them, as far as a needle can tell: without escapes that it can do
// without. Of those a slash is where its backslash is, which is no letter either, and as
// many programs write it: a needle without a slash finds the same.
static bool is_plain(const text_needle *n, const char *text, size_t length) {
	if (length == 0 || (text[0] != '{' && text[0] != '[')) {
		return false;
	}
	const char *end = text + length;
	for (const char *at = text; (at = memchr(at, '\\', (size_t)(end - at))) != NULL; at += 2) {
		if (end - at < 2 || at[1] == 'u' || (at[1] == '/' && n->slash)) {
			return false;
		}
		if (end - at == 2) {
			break;
		}
	}
	return true;
}

// finds compares the needle with the bytes of a text, whatever they mean.
static bool finds(const text_needle *n, const char *raw, size_t length) {
	const byte *text = (const byte *)raw;
	if ((n->mode & TEXT_BEGIN) && (n->mode & TEXT_END)) {
		bool possible = !n->bytewise || length == n->length;
		return possible && match_length(n, text, length) == (ptrdiff_t)length;
	}
	if (n->raw_length == 0) {
		return true;
	}
	if (n->mode & TEXT_BEGIN) {
		return match_length(n, text, length) >= 0;
	}
	if (n->mode & TEXT_END) {
		return matches_end(n, text, length);
	}
	return n->bytewise ? search_bytes(n, text, length) : search_runes(n, text, length);
}

bool text_matches(const text_needle *n, const char *raw, size_t length) {
	if ((n->mode & TEXT_STORED) && !is_plain(n, raw, length)) {
		return true;
	}
	bool found = finds(n, raw, length);
	return found && (n->mode & TEXT_SURE) ? is_plain(n, raw, length) && json_is_valid(raw, length) : found;
}
