// Package metrics words how Quoll is doing as metrics for Prometheus: what is
// measured under which name, in which unit, with which labels.
//
// Everything is read when somebody asks and nothing is kept here. It must not
// know where the figures come from, nor who may see them.
package metrics

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Reader reads the figures of this moment. With an error it gives what it could
// read.
type Reader func(ctx context.Context) (*Reading, error)

const (
	// readTime bounds one reading, and atOnce how many are answered side by side.
	readTime = 20 * time.Second
	atOnce   = 2
)

// Handler answers with the metrics in Prometheus's text format, or in that of
// OpenMetrics to who asks for it.
func Handler(read Reader, logger *slog.Logger) (http.Handler, error) {
	registry := prometheus.NewRegistry()
	err := errors.Join(
		registry.Register(&collector{read, descriptions(), logger}),
		registry.Register(collectors.NewGoCollector()),
		registry.Register(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})),
	)
	if err != nil {
		return nil, err
	}
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn), ErrorHandling: promhttp.ContinueOnError,
		MaxRequestsInFlight: atOnce, Timeout: readTime + 5*time.Second,
	}), nil
}

// collector implements prometheus.Collector.
type collector struct {
	read   Reader
	known  map[string]described
	logger *slog.Logger
}

type described struct {
	metric Metric
	desc   *prometheus.Desc
}

func descriptions() map[string]described {
	known := map[string]described{}
	for _, m := range All() {
		known[m.Name] = described{m, prometheus.NewDesc(m.Name, m.Help, m.Labels, nil)}
	}
	return known
}

func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.known {
		out <- d.desc
	}
}

func (c *collector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readTime)
	defer cancel()
	r, err := c.read(ctx)
	e := &emitter{c.known, out}
	e.flag("quoll_reading_incomplete", err != nil)
	if err != nil {
		c.logger.Warn("not all metrics could be read", "error", err)
	}
	if r != nil {
		e.reading(r)
	}
}

// emitter hands on values by the name of their metric.
type emitter struct {
	known map[string]described
	out   chan<- prometheus.Metric
}

func (e *emitter) value(name string, v float64, labels ...string) {
	d := e.known[name]
	kind := prometheus.GaugeValue
	if d.metric.Counter() {
		kind = prometheus.CounterValue
	}
	for i, text := range labels {
		labels[i] = strings.ToValidUTF8(text, "\uFFFD")
	}
	m, err := prometheus.NewConstMetric(d.desc, kind, v, labels...)
	if err != nil {
		m = prometheus.NewInvalidMetric(prometheus.NewDesc(name, "", nil, nil), err)
	}
	e.out <- m
}

func (e *emitter) flag(name string, set bool, labels ...string) {
	v := 0.0
	if set {
		v = 1
	}
	e.value(name, v, labels...)
}

// at leaves out what never happened.
func (e *emitter) at(name string, t time.Time, labels ...string) {
	if !t.IsZero() {
		e.value(name, float64(t.UnixMicro())/1e6, labels...)
	}
}
