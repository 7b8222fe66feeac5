// Command table runs the benchmarks and prints their figures as Markdown, one table
// for each benchmark, with the machine that they were measured on.
//
//	go run ./internal/bench/table [-benchtime 200x] [-bench Store]
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	which := flag.String("bench", ".", "which benchmarks to run")
	howLong := flag.String("benchtime", "1s", "how long, or how often as 200x")
	flag.Parse()
	cmd := exec.Command("go", "test", "-run", "^$", "-bench", *which, "-benchtime", *howLong, "github.com/usher-seats/usher/internal/bench")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.MultiWriter(&out, os.Stderr), os.Stderr
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "table: the benchmarks failed:", err)
		os.Exit(1)
	}
	groups, cpu := read(&out)
	fmt.Printf("%s, %d cores, %s, %s\n", cpu, runtime.NumCPU(), runtime.Version(), time.Now().Format("2 January 2006"))
	for _, g := range groups {
		fmt.Print("\n", g.markdown())
	}
}

// group is a benchmark with a row for each of its parts.
type group struct {
	name  string
	units []string
	rows  []row
}

type row struct {
	name   string
	values map[string]string // by unit
}

// read takes the figures out of what go test prints, and the machine's processor.
func read(in io.Reader) (groups []*group, cpu string) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "cpu: "); ok {
			cpu = text
		}
		fields := strings.Fields(lines.Text())
		const named = 2 // the benchmark and how often it ran
		if len(fields) < named+2 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name, part, _ := strings.Cut(withoutCores(strings.TrimPrefix(fields[0], "Benchmark")), "/")
		if len(groups) == 0 || groups[len(groups)-1].name != name {
			groups = append(groups, &group{name: name})
		}
		groups[len(groups)-1].add(part, fields[named:])
	}
	return groups, cpu
}

// withoutCores cuts the number of cores that go test writes behind a name.
func withoutCores(name string) string {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return name
	}
	if _, err := strconv.Atoi(name[i+1:]); err != nil {
		return name
	}
	return name[:i]
}

// add takes pairs of a value and its unit.
func (g *group) add(part string, pairs []string) {
	r := row{part, map[string]string{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		r.values[pairs[i+1]] = pairs[i]
		if !slices.Contains(g.units, pairs[i+1]) {
			g.units = append(g.units, pairs[i+1])
		}
	}
	g.rows = append(g.rows, r)
}

func (g *group) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | %s |\n|---|%s\n", g.name, strings.Join(g.units, " | "), strings.Repeat("---:|", len(g.units)))
	for _, r := range g.rows {
		fmt.Fprintf(&b, "| %s |", r.name)
		for _, unit := range g.units {
			fmt.Fprintf(&b, " %s |", r.values[unit])
		}
		b.WriteByte('\n')
	}
	return b.String()
}
