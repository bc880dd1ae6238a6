package text

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// Column is `column -t` of util-linux: a table of its input. The width of a cell is counted in terminal cells.
type Column struct{}

// Name implements builtin.Builtin.
func (Column) Name() string { return "column" }

// Summary implements builtin.Builtin.
func (Column) Summary() string { return "make a table of lines (column -t)" }

// Run implements builtin.Builtin.
func (Column) Run(_ context.Context, call *builtin.Call) error {
	set := newFlags(call)
	table := set.BoolP("table", "t", false, "")
	separators := set.StringP("separator", "s", "", "")
	between := set.StringP("output-separator", "o", "  ", "")
	names := set.StringP("table-columns", "N", "", "")
	files, err := set.parse()
	if err != nil {
		return err
	}
	if !*table {
		return notBuilt(call, "column without -t")
	}
	var rows [][]string
	if *names != "" {
		rows = append(rows, strings.Split(*names, ","))
	}
	err = eachInput(call, files, func(r io.Reader) error {
		lines := bufio.NewReader(r)
		for {
			line, err := lines.ReadString('\n')
			line = strings.TrimRight(line, "\r\n")
			if strings.TrimSpace(line) != "" {
				rows = append(rows, cells(line, *separators))
			}
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
		}
	})
	printTable(call.Stdout, rows, *between)
	return err
}

// cells cuts a line. Without separators runs of blanks count as one; a given separator ends a cell each time.
func cells(line, separators string) []string {
	if separators == "" {
		return strings.Fields(line)
	}
	var list []string
	for {
		end := strings.IndexAny(line, separators)
		if end < 0 {
			return append(list, line)
		}
		list, line = append(list, line[:end]), line[end+1:]
	}
}

// printTable pads every column but the last, whose missing cells are the only ones that leave nothing behind.
func printTable(w io.Writer, rows [][]string, between string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], ansi.StringWidth(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for i, width := range widths {
			cell := ""
			if i < len(row) {
				cell = row[i]
			}
			b.WriteString(cell)
			if i < len(widths)-1 {
				b.WriteString(strings.Repeat(" ", width-ansi.StringWidth(cell)) + between)
			}
		}
		b.WriteByte('\n')
	}
	_, _ = fmt.Fprint(w, b.String())
}
