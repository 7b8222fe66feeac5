package boot

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

const (
	metricNamespace = "Usher"
	metricDimension = "Function"
	// maxMetrics is the most that one line of the format may carry.
	maxMetrics = 100
)

// Metrics writes counts in CloudWatch's embedded metric format: one JSON line,
// which CloudWatch Logs turns into metrics of namespace Usher with the dimension
// Function. See "Specification: Embedded metric format" in the CloudWatch guide.
type Metrics struct {
	Out      io.Writer
	Function string
}

type emfDirective struct {
	Namespace  string      `json:"Namespace"`
	Dimensions [][]string  `json:"Dimensions"`
	Metrics    []emfMetric `json:"Metrics"`
}

type emfMetric struct {
	Name string `json:"Name"`
	Unit string `json:"Unit"`
}

// Put writes the counts as of now; nothing where there are none. It fails beyond
// 100 counts, which the format cannot carry.
func (m Metrics) Put(now time.Time, counts map[string]int64) error {
	if len(counts) == 0 {
		return nil
	}
	if len(counts) > maxMetrics {
		return fmt.Errorf("metrics: %d counts in one line, at most %d", len(counts), maxMetrics)
	}
	directive := emfDirective{Namespace: metricNamespace, Dimensions: [][]string{{metricDimension}}}
	line := map[string]any{metricDimension: m.Function}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		directive.Metrics = append(directive.Metrics, emfMetric{Name: name, Unit: "Count"})
		line[name] = counts[name]
	}
	line["_aws"] = map[string]any{
		"Timestamp":         now.UnixMilli(),
		"CloudWatchMetrics": []emfDirective{directive},
	}
	b, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	if _, err := m.Out.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	return nil
}
