#include "functions.h"

#include <stdlib.h>
#include <string.h>

#include "capi.h"
#include "json_path.h"
#include "text.h"

static const char *string_data(const duckdb_string *s) {
	return s->inlined.length <= sizeof(s->inlined.bytes) ? s->inlined.bytes : s->pointer.ptr;
}

static bool is_valid(const uint64_t *validity, idx_t row) {
	return validity == NULL || (validity[row / 64] >> (row % 64) & 1);
}

// text_function compares the strings of two columns row by row. A null counts
// as the empty string, as everywhere in KQL.
static void text_function(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
	int mode = (int)(intptr_t)duckdb_scalar_function_get_extra_info(info);
	duckdb_vector text_vector = duckdb_data_chunk_get_vector(input, 0);
	duckdb_vector needle_vector = duckdb_data_chunk_get_vector(input, 1);
	const duckdb_string *texts = duckdb_vector_get_data(text_vector);
	const duckdb_string *needles = duckdb_vector_get_data(needle_vector);
	const uint64_t *text_validity = duckdb_vector_get_validity(text_vector);
	const uint64_t *needle_validity = duckdb_vector_get_validity(needle_vector);
	bool *result = duckdb_vector_get_data(output);
	idx_t rows = duckdb_data_chunk_get_size(input);
	text_needle needle;
	bool prepared = false;
	for (idx_t i = 0; i < rows; i++) {
		const char *raw = "";
		size_t length = 0;
		if (is_valid(needle_validity, i)) {
			raw = string_data(&needles[i]);
			length = needles[i].inlined.length;
		}
		// The needle is nearly always a constant, so the last one is kept.
		if (!prepared || length != needle.raw_length || memcmp(raw, needle.raw, length) != 0) {
			text_prepare(&needle, raw, length, mode);
			prepared = true;
		}
		bool valid = is_valid(text_validity, i);
		result[i] = text_matches(&needle, valid ? string_data(&texts[i]) : "", valid ? texts[i].inlined.length : 0);
	}
}

// register_function adds a function of two strings.
static bool register_function(void *connection, const char *name, int result, duckdb_scalar_function_t run, void *extra) {
	if (duckdb_create_scalar_function == NULL) {
		return false;
	}
	duckdb_scalar_function function = duckdb_create_scalar_function();
	duckdb_logical_type text = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
	duckdb_logical_type returned = duckdb_create_logical_type(result);
	duckdb_scalar_function_set_name(function, name);
	duckdb_scalar_function_add_parameter(function, text);
	duckdb_scalar_function_add_parameter(function, text);
	duckdb_scalar_function_set_return_type(function, returned);
	duckdb_scalar_function_set_special_handling(function);
	duckdb_scalar_function_set_extra_info(function, extra, NULL);
	duckdb_scalar_function_set_function(function, run);
	bool ok = duckdb_register_scalar_function(connection, function) == 0;
	duckdb_destroy_logical_type(&text);
	duckdb_destroy_logical_type(&returned);
	duckdb_destroy_scalar_function(&function);
	return ok;
}

// json_text finds a value in each of a column of JSON texts.
static void json_text(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
	(void)info;
	duckdb_vector text_vector = duckdb_data_chunk_get_vector(input, 0);
	duckdb_vector path_vector = duckdb_data_chunk_get_vector(input, 1);
	const duckdb_string *texts = duckdb_vector_get_data(text_vector);
	const duckdb_string *paths = duckdb_vector_get_data(path_vector);
	const uint64_t *text_validity = duckdb_vector_get_validity(text_vector);
	const uint64_t *path_validity = duckdb_vector_get_validity(path_vector);
	duckdb_vector_ensure_validity_writable(output);
	uint64_t *validity = duckdb_vector_get_validity(output);
	idx_t rows = duckdb_data_chunk_get_size(input);
	json_buffer buffer = {NULL, 0, 0};
	for (idx_t i = 0; i < rows; i++) {
		const char *result;
		size_t length;
		if (is_valid(text_validity, i) && is_valid(path_validity, i) &&
			json_path_text(string_data(&texts[i]), texts[i].inlined.length, string_data(&paths[i]), paths[i].inlined.length, &buffer, &result, &length)) {
			duckdb_vector_assign_string_element_len(output, i, result, length);
		} else {
			validity[i / 64] &= ~((uint64_t)1 << (i % 64));
		}
	}
	free(buffer.data);
}

bool quoll_register_json(void *connection) {
	return register_function(connection, "quoll_json_text", DUCKDB_TYPE_VARCHAR, json_text, NULL);
}

bool quoll_register_text(void *connection, const char *name, int mode) {
	return register_function(connection, name, DUCKDB_TYPE_BOOLEAN, text_function, (void *)(intptr_t)mode);
}

bool quoll_text_matches(const char *text, long text_length, const char *needle, long needle_length, int mode) {
	text_needle n;
	text_prepare(&n, needle, (size_t)needle_length, mode);
	return text_matches(&n, text, (size_t)text_length);
}
