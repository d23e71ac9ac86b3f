package text

import (
	"strings"
	"sync"

	"github.com/ua-parser/uap-go/uaparser"

	"github.com/quoll/quoll/kql/dynamic"
)

// maxUserAgent bounds the text that more than a thousand patterns look at.
const maxUserAgent = 2048

// userAgents reads the patterns at the first use, which takes a tenth of a
// second. The parser keeps what it found for the last texts.
var userAgents = sync.OnceValues(func() (*uaparser.Parser, error) { return uaparser.New() })

// parseUserAgent says which browser, system and device a user agent names. The
// second argument is one of "browser", "os" and "device", or an array of them;
// without it all are looked for.
func parseUserAgent(args []any) (any, error) {
	source, _ := args[0].(string)
	if source == "" {
		return nil, nil
	}
	if len(source) > maxUserAgent {
		source = strings.ToValidUTF8(source[:maxUserAgent], "")
	}
	parser, err := userAgents()
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	switch w := args[1].(type) {
	case nil:
		wanted = map[string]bool{"browser": true, "os": true, "device": true}
	case string:
		wanted[w] = true
	case []any:
		for _, e := range w {
			if s, ok := e.(string); ok {
				wanted[s] = true
			}
		}
	}
	return describe(parser, source, wanted), nil
}

func describe(parser *uaparser.Parser, source string, wanted map[string]bool) any {
	all := dynamic.NewBag()
	if wanted["browser"] {
		b := parser.ParseUserAgent(source)
		all.Set("Browser", bag("Family", b.Family, "MajorVersion", b.Major, "MinorVersion", b.Minor, "Patch", b.Patch))
	}
	if wanted["os"] {
		o := parser.ParseOs(source)
		all.Set("OperatingSystem", bag("Family", o.Family, "MajorVersion", o.Major, "MinorVersion", o.Minor, "Patch", o.Patch, "PatchMinor", o.PatchMinor))
	}
	if wanted["device"] {
		d := parser.ParseDevice(source)
		all.Set("Device", bag("Family", d.Family, "Brand", d.Brand, "Model", d.Model))
	}
	if all.Len() == 0 {
		return nil
	}
	return all
}
