// The part of DuckDB's C API that Quoll's own functions need. The declarations
// follow the documented API of DuckDB 1.5 (https://duckdb.org/docs/stable/clients/c/api),
// whose names and layouts do not change within a major version. The symbols are
// weak: the linker takes them from the library that the Go driver brings.
#ifndef QUOLL_DUCKDB_CAPI_H
#define QUOLL_DUCKDB_CAPI_H

#include <stdbool.h>
#include <stdint.h>

#define QUOLL_WEAK __attribute__((weak))

typedef uint64_t idx_t;
typedef void *duckdb_connection;
typedef void *duckdb_scalar_function;
typedef void *duckdb_logical_type;
typedef void *duckdb_data_chunk;
typedef void *duckdb_vector;
typedef void *duckdb_function_info;
typedef void *duckdb_appender;
typedef int duckdb_state; // 0 is success

enum {
	DUCKDB_TYPE_BOOLEAN = 1,
	DUCKDB_TYPE_INTEGER = 4,
	DUCKDB_TYPE_BIGINT = 5,
	DUCKDB_TYPE_DOUBLE = 11,
	DUCKDB_TYPE_TIMESTAMP = 12,
	DUCKDB_TYPE_VARCHAR = 17,
};

// A string of at most 12 bytes lies in the struct, a longer one behind ptr.
typedef union {
	struct {
		uint32_t length;
		char prefix[4];
		const char *ptr;
	} pointer;
	struct {
		uint32_t length;
		char bytes[12];
	} inlined;
} duckdb_string;

_Static_assert(sizeof(duckdb_string) == 16, "a string of DuckDB has 16 bytes");

typedef void (*duckdb_scalar_function_t)(duckdb_function_info, duckdb_data_chunk, duckdb_vector);
typedef void (*duckdb_delete_callback_t)(void *);

QUOLL_WEAK duckdb_scalar_function duckdb_create_scalar_function(void);
QUOLL_WEAK void duckdb_destroy_scalar_function(duckdb_scalar_function *);
QUOLL_WEAK void duckdb_scalar_function_set_name(duckdb_scalar_function, const char *);
QUOLL_WEAK void duckdb_scalar_function_set_special_handling(duckdb_scalar_function);
QUOLL_WEAK void duckdb_scalar_function_add_parameter(duckdb_scalar_function, duckdb_logical_type);
QUOLL_WEAK void duckdb_scalar_function_set_return_type(duckdb_scalar_function, duckdb_logical_type);
QUOLL_WEAK void duckdb_scalar_function_set_extra_info(duckdb_scalar_function, void *, duckdb_delete_callback_t);
QUOLL_WEAK void duckdb_scalar_function_set_function(duckdb_scalar_function, duckdb_scalar_function_t);
QUOLL_WEAK duckdb_state duckdb_register_scalar_function(duckdb_connection, duckdb_scalar_function);
QUOLL_WEAK void *duckdb_scalar_function_get_extra_info(duckdb_function_info);
QUOLL_WEAK duckdb_logical_type duckdb_create_logical_type(int);
QUOLL_WEAK void duckdb_destroy_logical_type(duckdb_logical_type *);
QUOLL_WEAK idx_t duckdb_data_chunk_get_size(duckdb_data_chunk);
QUOLL_WEAK duckdb_vector duckdb_data_chunk_get_vector(duckdb_data_chunk, idx_t);
QUOLL_WEAK void *duckdb_vector_get_data(duckdb_vector);
QUOLL_WEAK uint64_t *duckdb_vector_get_validity(duckdb_vector);
QUOLL_WEAK void duckdb_vector_ensure_validity_writable(duckdb_vector);
QUOLL_WEAK void duckdb_vector_assign_string_element_len(duckdb_vector, idx_t, const char *, idx_t);
QUOLL_WEAK idx_t duckdb_vector_size(void);
QUOLL_WEAK duckdb_data_chunk duckdb_create_data_chunk(duckdb_logical_type *, idx_t);
QUOLL_WEAK void duckdb_destroy_data_chunk(duckdb_data_chunk *);
QUOLL_WEAK void duckdb_data_chunk_reset(duckdb_data_chunk);
QUOLL_WEAK void duckdb_data_chunk_set_size(duckdb_data_chunk, idx_t);
QUOLL_WEAK duckdb_state duckdb_appender_create(duckdb_connection, const char *, const char *, duckdb_appender *);
QUOLL_WEAK const char *duckdb_appender_error(duckdb_appender);
QUOLL_WEAK duckdb_state duckdb_append_data_chunk(duckdb_appender, duckdb_data_chunk);
QUOLL_WEAK duckdb_state duckdb_appender_close(duckdb_appender);
QUOLL_WEAK duckdb_state duckdb_appender_destroy(duckdb_appender *);

#endif
