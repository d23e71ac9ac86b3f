package main

// kindAside are documented examples that say nothing about an engine: they are
// run and reported, and not counted.
const kindAside = "aside"

// random is why an example is set aside that the corpus marks so.
const random = "the output is random; the columns are compared"

// judged are the documented examples that were looked at one by one, by page and
// line, with the reason why their output is not what their query gives, on any
// engine. An example that Quoll merely gets wrong does not belong here.
var judged = map[string]string{
	// The answer depends on where and when the page was written.
	"cursor-current:32":               "prints the time at which the page was written",
	"join-innerunique:125":            "the page prints two outputs of one query and calls both correct; the other one is equal",
	"http-request-plugin:82":          "prints what a price list on the internet said",
	"infer-storage-schema-plugin:73":  "reads a storage account that does not exist",
	"ipv4-lookup-plugin:125":          "reads a file on the internet",
	"ipv4-lookup-plugin:153":          "reads a file on the internet",
	"in-cs-operator:184":              "a management command, no query",
	"narrow-plugin:34":                "a management command, no query; prints the state of a cluster",
	"stored-query-result-function:33": "reads a stored query result that a management command made before",
	"stored-query-result-function:71": "reads a stored query result that a management command made before",
	"set-statement:49":                "reads a sample table that the corpus does not hold",
	"trim-end-function:61":            "the query names a column that nothing defines",

	// The output is that of another input.
	"asin-function:37":                   "prints asin(0.95), and the query asks for asin(0.5)",
	"series-cos-function:37":             "prints [-6.5, 0, 8.2] as the input, and the query has [-1, 0, 1]",
	"series-tan-function:37":             "prints [-6.5, 0, 8.2] as the input, and the query has [-1, 0, 1]",
	"array-iff-function:86":              "prints a condition of bools, and the query has strings and times",
	"toguid-function:44":                 `prints "isn't" where the input says "is not"`,
	"geo-polygon-lookup-plugin:97":       "prints a name that is not among the inputs",
	"geo-polygon-to-s2cells-function:46": "prints a name that is not among the inputs",
	"url-encode-function:40":             "prints an input that ends in a slash, and the query's does not",
	"url-encode-component-function:39":   "prints an output without the slash at the end of the input",
	"replace-string-function:68":         "prints tostring(1) as 1.000000",

	// The output contradicts the text of the page, or of another page.
	"variancepif-aggregation-function:44": "prints 850, the variance of a sample; the page says that it is that of a population, 833",
	"base64-decode-toguid-function:39":    "prints a guid that base64_encode_fromguid() does not make the input of, as its page documents it",

	// The output is no output.
	"parse-url-function:39":            "prints text that is no JSON, with a path that has lost its slash",
	"geo-polygon-centroid-function:98": "prints half of a JSON value",
	"range-function:94":                "prints a number from elsewhere, and backquotes",
	"strcat-function:63":               "prints a numbered list that was set by hand",
}

// parts are examples of which the page prints the first rows alone, without
// saying so.
var parts = map[string]bool{"series-iir-function:59": true}
