package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// readOperations returns the hashes of a file that writeOperations wrote.
func readOperations(file string) (map[string]string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	operations := map[string]string{}
	for i, line := range strings.Split(string(data), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(line, " ")
		if len(fields) != 3 {
			return nil, fmt.Errorf("%s:%d: line must be METHOD PATH HASH", file, i+1)
		}
		operations[fields[0]+" "+fields[1]] = fields[2]
	}
	return operations, nil
}

// writeOperations writes a line for each operation.
func writeOperations(file, source string, date time.Time, operations map[string]string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Written by make drift UPDATE=1: the operations of a schema that concern organizations, each with a hash.\n"+
		"# source: %s\n# date: %s\n", strings.Join(strings.Fields(source), " "), date.UTC().Format(time.DateOnly))
	for _, name := range slices.SortedFunc(maps.Keys(operations), byPath) {
		fmt.Fprintf(&b, "%s %s\n", name, operations[name])
	}
	return os.WriteFile(file, []byte(b.String()), 0o644)
}

// compare returns a line for each operation that was added, removed or changed.
func compare(before, now map[string]string) (lines []string) {
	all := maps.Clone(now)
	maps.Copy(all, before)
	for _, name := range slices.SortedFunc(maps.Keys(all), byPath) {
		was, existed := before[name]
		is, exists := now[name]
		switch {
		case !existed:
			lines = append(lines, "added "+name)
		case !exists:
			lines = append(lines, "removed "+name)
		case was != is:
			lines = append(lines, "changed "+name)
		}
	}
	return lines
}

// byPath compares operations, such as "GET /organizations", by path and then by method.
func byPath(a, b string) int {
	key := func(name string) string {
		method, path, _ := strings.Cut(name, " ")
		return path + " " + method
	}
	return strings.Compare(key(a), key(b))
}
