package gateway

import (
	"cmp"
	"slices"
	"strings"
)

// rank orders segments: literal, variable, greedy.
func rank(segment string) int {
	switch {
	case !strings.HasPrefix(segment, "{"):
		return 0
	case strings.HasSuffix(segment, "+}"):
		return 2
	}
	return 1
}

// sortRoutes puts the more specific route first: segment by segment, then a named method before ANY, and $default last.
func sortRoutes(routes []route) {
	slices.SortStableFunc(routes, func(a, b route) int {
		if aDefault, bDefault := a.Path == defaultRoute, b.Path == defaultRoute; aDefault || bDefault {
			return boolRank(aDefault) - boolRank(bDefault)
		}
		for i := range min(len(a.segments), len(b.segments)) {
			if d := cmp.Compare(rank(a.segments[i]), rank(b.segments[i])); d != 0 {
				return d
			}
		}
		if d := cmp.Compare(len(b.segments), len(a.segments)); d != 0 {
			return d
		}
		return boolRank(a.Method == "ANY") - boolRank(b.Method == "ANY")
	})
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// match finds the route for a method and a decoded path, and the values of its variables.
func match(routes []route, method, path string) (*route, map[string]string) {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i := range routes {
		r := &routes[i]
		if r.Path == defaultRoute {
			return r, nil
		}
		if r.Method != method && r.Method != "ANY" {
			continue
		}
		if parameters, ok := r.match(segments); ok {
			return r, parameters
		}
	}
	return nil, nil
}

func (r *route) match(segments []string) (map[string]string, bool) {
	var parameters map[string]string
	set := func(name, value string) {
		if parameters == nil {
			parameters = map[string]string{}
		}
		parameters[name] = value
	}
	for i, want := range r.segments {
		if i >= len(segments) {
			return nil, false
		}
		have := segments[i]
		switch rank(want) {
		case 0:
			if have != want {
				return nil, false
			}
		case 1:
			if have == "" {
				return nil, false
			}
			set(want[1:len(want)-1], have)
		case 2:
			set(want[1:len(want)-2], strings.Join(segments[i:], "/"))
			return parameters, true
		}
	}
	return parameters, len(segments) == len(r.segments)
}
