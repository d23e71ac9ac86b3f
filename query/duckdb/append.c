#define _POSIX_C_SOURCE 200809L // strdup

#include "append.h"

#include <stdlib.h>
#include <string.h>

#include "capi.h"

struct quoll_appender {
	duckdb_appender appender;
	duckdb_data_chunk chunk;
	char *error;
	int columns;
	int kinds[];
};

quoll_appender *quoll_append_open(void *connection, const char *table, const int *kinds, int columns) {
	duckdb_appender appender = NULL;
	if (duckdb_appender_create(connection, NULL, table, &appender) != 0) {
		duckdb_appender_destroy(&appender);
		return NULL;
	}
	quoll_appender *a = calloc(1, sizeof(quoll_appender) + sizeof(int) * (size_t)columns);
	duckdb_logical_type *types = calloc((size_t)columns, sizeof(duckdb_logical_type));
	if (a == NULL || types == NULL) {
		abort();
	}
	a->appender = appender;
	a->columns = columns;
	for (int i = 0; i < columns; i++) {
		a->kinds[i] = kinds[i];
		types[i] = duckdb_create_logical_type(kinds[i]);
	}
	a->chunk = duckdb_create_data_chunk(types, (idx_t)columns);
	for (int i = 0; i < columns; i++) {
		duckdb_destroy_logical_type(&types[i]);
	}
	free(types);
	return a;
}

int64_t quoll_append_rows(void) { return (int64_t)duckdb_vector_size(); }

static bool bit(const uint8_t *bits, int64_t i) { return bits[i / 8] >> (i % 8) & 1; }

static void append_texts(duckdb_vector vector, const char *data, const int32_t *offsets, int64_t rows) {
	duckdb_string *strings = duckdb_vector_get_data(vector);
	for (int64_t i = 0; i < rows; i++) {
		int32_t length = offsets[i + 1] - offsets[i];
		if (length == 0) {
			memset(&strings[i], 0, sizeof(strings[i]));
		} else {
			duckdb_vector_assign_string_element_len(vector, (idx_t)i, data + offsets[i], (idx_t)length);
		}
	}
}

static void append_nulls(duckdb_vector vector, const uint8_t *bits, int64_t start, int64_t rows) {
	duckdb_vector_ensure_validity_writable(vector);
	uint64_t *validity = duckdb_vector_get_validity(vector);
	for (int64_t i = 0; i < rows; i++) {
		if (!bit(bits, start + i)) {
			validity[i / 64] &= ~((uint64_t)1 << (i % 64));
		}
	}
}

void quoll_append_column(quoll_appender *a, int column, const void *data, const int32_t *offsets, const uint8_t *bits,
	int64_t start, int64_t rows) {
	duckdb_vector vector = duckdb_data_chunk_get_vector(a->chunk, (idx_t)column);
	void *out = duckdb_vector_get_data(vector);
	switch (a->kinds[column]) {
	case QUOLL_TEXT:
		append_texts(vector, data, offsets + start, rows);
		break;
	case QUOLL_BOOL:
		for (int64_t i = 0; i < rows; i++) {
			((bool *)out)[i] = bit(data, start + i);
		}
		break;
	case QUOLL_INT32:
		memcpy(out, (const int32_t *)data + start, (size_t)rows * sizeof(int32_t));
		break;
	default:
		memcpy(out, (const int64_t *)data + start, (size_t)rows * sizeof(int64_t));
	}
	if (bits != NULL) {
		append_nulls(vector, bits, start, rows);
	}
}

bool quoll_append_chunk(quoll_appender *a, int64_t rows) {
	duckdb_data_chunk_set_size(a->chunk, (idx_t)rows);
	bool ok = duckdb_append_data_chunk(a->appender, a->chunk) == 0;
	if (!ok && a->error == NULL) {
		const char *error = duckdb_appender_error(a->appender);
		a->error = strdup(error == NULL ? "unknown error" : error);
	}
	duckdb_data_chunk_reset(a->chunk);
	return ok;
}

char *quoll_append_close(quoll_appender *a) {
	if (duckdb_appender_close(a->appender) != 0 && a->error == NULL) {
		const char *error = duckdb_appender_error(a->appender);
		a->error = strdup(error == NULL ? "unknown error" : error);
	}
	duckdb_appender_destroy(&a->appender);
	duckdb_destroy_data_chunk(&a->chunk);
	char *error = a->error;
	free(a);
	return error;
}
