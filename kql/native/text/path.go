package text

import (
	"regexp"
	"strings"
	"sync"

	"github.com/quoll/quoll/kql/dynamic"
)

// parsePath takes a file path of Windows, Unix or a share apart.
func parsePath(source string) any {
	scheme, path, ok := strings.Cut(source, "://")
	if !ok || !isScheme(scheme) {
		scheme, path = "", source
	}
	root := ""
	if len(path) > 1 && path[1] == ':' && isLetter(path[0]) {
		root = path[:2]
	}
	directory, file := "", path
	if i := strings.LastIndexAny(path, `\/`); i >= 0 {
		directory, file = path[:i], path[i+1:]
	} else {
		file = path[len(root):]
		directory = root
	}
	name, stream, _ := strings.Cut(file, ":")
	extension := ""
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		extension = name[i+1:]
	}
	return bag("Scheme", scheme, "RootPath", root, "DirectoryPath", directory, "DirectoryName", directory[strings.LastIndexAny(directory, `\/`)+1:],
		"Filename", name, "Extension", extension, "AlternateDataStreamName", stream)
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isScheme(s string) bool {
	return s != "" && isLetter(s[0]) && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-") == ""
}

// urlPattern reads scheme, user, password, host, port, path, query, fragment.
var urlPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?s)^([A-Za-z][A-Za-z0-9+.-]*):(?://)?(?:([^:@/?#]*)(?::([^@/?#]*))?@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d+))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$`)
})

// parseURL takes a URL apart. What is none has no parts.
func parseURL(source string) any {
	parts := urlPattern().FindStringSubmatch(source)
	if parts == nil {
		parts = make([]string, 9)
	}
	return bag("Scheme", parts[1], "Host", parts[4], "Port", parts[5], "Path", parts[6], "Username", parts[2], "Password", parts[3],
		"Query Parameters", queryParameters(parts[7]), "Fragment", parts[8])
}

// parseURLQuery takes the parameters of a URL apart.
func parseURLQuery(source string) any {
	return bag("Query Parameters", queryParameters(strings.TrimPrefix(source, "?")))
}

// queryParameters reads a=1&b=2. Escapes stay as they are written; of equal
// names the first value counts.
func queryParameters(query string) *dynamic.Bag {
	all := dynamic.NewBag()
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		if _, ok := all.Get(name); !ok {
			all.Set(name, value)
		}
	}
	return all
}
