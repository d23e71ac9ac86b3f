// Kusto's comparisons of text: search of terms and substrings, with and
// without regard to case, over UTF-8.
#ifndef QUOLL_TEXT_H
#define QUOLL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

// What a comparison asks for. A mode is a sum of these.
enum {
	TEXT_FOLD = 1,   // upper and lower case are the same
	TEXT_LEFT = 2,   // a term must begin where the needle begins
	TEXT_RIGHT = 4,  // a term must end where the needle ends
	TEXT_BEGIN = 8,  // the needle stands at the beginning of the text
	TEXT_END = 16,   // the needle stands at the end of the text
	TEXT_STORED = 32, // the text is JSON: true also where escapes may hide the needle
	TEXT_SURE = 64,   // the text is JSON: true only where none does, and it is valid
};

// The longest needle that is folded ahead; a longer one is folded as it is
// compared.
enum { TEXT_NEEDLE = 512 };

// A needle made ready for many texts.
typedef struct {
	const char *raw;
	size_t raw_length;
	unsigned char bytes[TEXT_NEEDLE]; // folded if all of it is ASCII
	size_t length;
	int mode;
	bool bytewise;    // bytes can be compared one by one
	size_t rare;      // position of the byte that is searched first
	unsigned char lower, upper; // that byte in both cases
	unsigned char first; // first byte, folded; 0 if it is outside of ASCII
	bool left, right;    // a boundary is asked for on that side
	bool slash;          // it has a slash, which JSON may write with a backslash
} text_needle;

void text_prepare(text_needle *needle, const char *raw, size_t length, int mode);
bool text_matches(const text_needle *needle, const char *text, size_t length);

#endif
