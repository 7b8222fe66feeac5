package main

import (
	"strings"
	"testing"
)

func TestFiguresBecomeTables(t *testing.T) {
	const printed = `goos: linux
goarch: amd64
pkg: github.com/usher-seats/usher/internal/bench
cpu: Intel(R) Xeon(R) Processor
BenchmarkStore/assign-2         	     200	         6.126 bare-ms	         0.8654 bare/commit
BenchmarkStore/close            	     200	         8.217 bare-ms	         0.8631 bare/commit
--- BENCH: a note
BenchmarkStart/seat-change-16   	      20	        15.68 arm64-MB
BenchmarkStart/empty-16         	      20	         3.712 start-ms
PASS
ok  	github.com/usher-seats/usher/internal/bench	66.059s
`
	groups, cpu := read(strings.NewReader(printed))
	if cpu != "Intel(R) Xeon(R) Processor" {
		t.Errorf("the processor is %q", cpu)
	}
	var got strings.Builder
	for _, g := range groups {
		got.WriteString(g.markdown())
	}
	want := `| Store | bare-ms | bare/commit |
|---|---:|---:|
| assign | 6.126 | 0.8654 |
| close | 8.217 | 0.8631 |
| Start | arm64-MB | start-ms |
|---|---:|---:|
| seat-change | 15.68 |  |
| empty |  | 3.712 |
`
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}
