#ifndef QUOLL_JSON_PATH_H
#define QUOLL_JSON_PATH_H

#include <stdbool.h>
#include <stddef.h>

// A growing piece of memory. Its owner frees data.
typedef struct {
	char *data;
	size_t length, size;
} json_buffer;

// json_path_text finds one value in JSON text (RFC 8259) and gives it as text:
// a string without quotes and escapes, a number in its shortest form, anything
// else as JSON without white space. It reports false when the text is no JSON,
// when it has no such value, and for null. The result lies in the text or in
// the buffer.
//
// A path is a row of steps: "k3:abc" is the member abc, "i0;" the first
// element, "i-1;" the last. Of equal keys the first counts.
bool json_path_text(const char *text, size_t length, const char *path, size_t path_length, json_buffer *buffer,
	const char **result, size_t *result_length);

// json_is_valid reports whether a text is JSON (RFC 8259) of at most a thousand levels.
bool json_is_valid(const char *text, size_t length);

#endif
