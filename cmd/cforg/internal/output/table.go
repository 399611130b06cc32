package output

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// widest is the widest column of a table, so that one very long name does not push away everything to its right.
const widest = 60

// Table writes rows in columns, after a header unless it is nil.
func Table(w io.Writer, header []string, rows [][]string) error {
	t := table.NewWriter()
	t.SetStyle(table.Style{Box: table.BoxStyle{PaddingRight: "  "}})
	t.SuppressTrailingSpaces()
	columns := len(header)
	for _, row := range rows {
		columns = max(columns, len(row))
	}
	var configs []table.ColumnConfig
	for i := range columns {
		configs = append(configs, table.ColumnConfig{Number: i + 1, WidthMax: widest, WidthMaxEnforcer: text.WrapSoft})
	}
	t.SetColumnConfigs(configs)
	if header != nil {
		t.AppendHeader(tableRow(header))
	}
	for _, row := range rows {
		t.AppendRow(tableRow(row))
	}
	_, err := fmt.Fprintln(w, t.Render())
	return err
}

func tableRow(cells []string) table.Row {
	var row table.Row
	for _, cell := range cells {
		row = append(row, Text(cell))
	}
	return row
}
