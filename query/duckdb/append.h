// Loading of columns in Arrow's layout into a table, a chunk of rows at a time.
#ifndef QUOLL_APPEND_H
#define QUOLL_APPEND_H

#include <stdbool.h>
#include <stdint.h>

typedef struct quoll_appender quoll_appender;

// The kinds of columns, which are DuckDB's numbers of their types.
enum {
	QUOLL_BOOL = 1,
	QUOLL_INT32 = 4,
	QUOLL_INT64 = 5,
	QUOLL_FLOAT64 = 11,
	QUOLL_TIMESTAMP = 12,
	QUOLL_TEXT = 17,
};

// quoll_append_open begins to load a table with columns of the given kinds. It
// returns NULL if there is no such table.
quoll_appender *quoll_append_open(void *connection, const char *table, const int *kinds, int columns);

// quoll_append_rows is the most rows of a chunk.
int64_t quoll_append_rows(void);

// quoll_append_column fills a column of the chunk with rows [start, start+rows)
// of an Arrow array's memory. offsets is for texts; bits is the bitmap of what
// is not null, or NULL when nothing is.
void quoll_append_column(quoll_appender *a, int column, const void *data, const int32_t *offsets, const uint8_t *bits,
	int64_t start, int64_t rows);

// quoll_append_chunk writes the chunk and begins a new one.
bool quoll_append_chunk(quoll_appender *a, int64_t rows);

// quoll_append_close ends loading. It returns NULL, or what went wrong, which
// the caller frees.
char *quoll_append_close(quoll_appender *a);

#endif
