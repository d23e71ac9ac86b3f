package duckdb

import (
	"cmp"
	"context"
	"errors"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/kqltest"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/query"
)

// shards is in how many parts the scripts and examples are divided as seeds. All of
// them take longer than many a fuzzer's run, and other tests run each.
const shards = 12

// seeds are the shard of the scripts' queries, the functions' examples and a
// corpus's queries that QUOLL_FUZZ_SHARD names, 0 without it.
func seeds(f *testing.F) (shard []string) {
	all, err := kqltest.Queries()
	if err != nil {
		f.Fatal(err)
	}
	for _, function := range builtin.All().Functions() {
		all = append(all, function.Example)
	}
	published, err := kqltest.Published(os.Getenv("QUOLL_FUZZ_CORPUS"))
	if err != nil {
		f.Fatal(err)
	}
	all = append(all, published...)
	number, err := strconv.Atoi(cmp.Or(os.Getenv("QUOLL_FUZZ_SHARD"), "0"))
	if err != nil {
		f.Fatalf("read QUOLL_FUZZ_SHARD: %v", err)
	}
	for i, text := range all {
		if i%shards == number%shards {
			shard = append(shard, text)
		}
	}
	return shard
}

// FuzzQuery: any text either runs or is refused with mistakes that have
// positions. Nothing panics, and no error of the engine comes through.
func FuzzQuery(f *testing.F) {
	for _, text := range seeds(f) {
		f.Add(text)
	}
	for _, text := range []string{
		"Events | where N between (1 .. 5) | summarize count(), make_set(Name) by bin(TimeGenerated, 1h)",
		"Events | join kind=leftouter (Events | project N, M = N * 2) on N | mv-expand x = pack_array(N, M) to typeof(long)",
		"let f = (T:(N:long), m:long) { T | where N > m }; f(Events, 3) | union withsource=S Events | top 3 by N | render timechart",
		"Events | extend d = parse_json(Name).a[0].b, e = split(Name, ' ')[-1] | project-away N | distinct *",
		"print a = 1/0, b = 1.0/0, c = 9223372036854775807 + 1, d = -9223372036854775807 - 5, e = datetime(9999-12-31) + 10d, f = 5 % 0",
		"print b = strrep('a', 1000000000), c = range(1, 1000000000), d = pow(10, 400), e = tolong('x')",
		"print a = todatetime('x'), b = totimespan('1.5'), e = format_datetime(now(), 'zzz')",
	} {
		f.Add(text)
	}
	config := DefaultConfig()
	config.MemoryBytes = 256 << 20
	table := &events{}
	table.set.Fresh = append(table.set.Fresh, freshEvents(1, 0, 20))
	engine := openEngine(f, config, table)
	compile := func(text string, options bind.Options) (*plan.Statement, error) {
		return kql.CompileWith(text, table, options)
	}
	service := query.NewService(compile, engine, func() time.Time { return kqltest.Now })
	f.Fuzz(func(t *testing.T, text string) {
		_, err := service.Query(context.Background(), query.Request{Text: text, Limits: query.Limits{Rows: 100, Time: 500 * time.Millisecond}})
		var mistakes *source.Error
		switch {
		case err == nil, errors.Is(err, query.ErrTimeLimit), errors.Is(err, ErrMemory), errors.Is(err, query.ErrRefused):
		case errors.As(err, &mistakes):
			if len(mistakes.Diagnostics) == 0 {
				t.Errorf("%q is refused without a mistake", text)
			}
		default:
			t.Errorf("%q\n%v", text, err)
		}
	})
}
