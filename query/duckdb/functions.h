#ifndef QUOLL_FUNCTIONS_H
#define QUOLL_FUNCTIONS_H

#include <stdbool.h>

// quoll_register_text adds the function name(VARCHAR, VARCHAR) -> BOOLEAN to
// the database of a connection. mode is a sum of the TEXT_ constants.
bool quoll_register_text(void *connection, const char *name, int mode);

// quoll_register_json adds quoll_json_text(VARCHAR, VARCHAR) -> VARCHAR, which
// is json_path_text() over a column.
bool quoll_register_json(void *connection);

// quoll_text_matches runs one comparison, for tests.
bool quoll_text_matches(const char *text, long text_length, const char *needle, long needle_length, int mode);

#endif
