package verification

import (
	"bytes"
	"context"
	"encoding/json"
	"io"

	"github.com/sigwalk/sigwalk/actions/printable"
)

// WriteJSON writes the report as MarshalJSON does, indented by two spaces and with a line end behind it, on all processors:
// a thousand signatures with their checks are ten megabytes. It fails when ctx ends, or with the error of w.
func (r *Report) WriteJSON(ctx context.Context, w io.Writer) error {
	head, err := marshalled(r.head(), "")
	if err != nil {
		return err
	}
	out := bytes.NewBuffer(bytes.TrimSuffix(head, []byte("\n}")))
	for _, list := range []struct {
		name string
		rows []Signature
	}{{"signatures", r.Signatures}, {"attached", r.Attached}} {
		out.WriteString(",\n  \"" + list.name + "\": ")
		if err := writeRows(ctx, out, list.rows); err != nil {
			return err
		}
	}
	out.WriteString("\n}\n")
	_, err = w.Write(out.Bytes())
	return err
}

// writeRows writes a list one level deep.
func writeRows(ctx context.Context, out *bytes.Buffer, rows []Signature) error {
	if len(rows) == 0 {
		out.WriteString("[]")
		return nil
	}
	texts, failed := make([][]byte, len(rows)), make([]error, len(rows))
	err := everyOne(ctx, len(rows), func(i int) { texts[i], failed[i] = marshalled(rows[i].json(), "    ") })
	if err != nil {
		return err
	}
	size := 0
	for _, text := range texts {
		size += len(text) + len(",\n    ")
	}
	out.Grow(size)
	for i, text := range texts {
		if failed[i] != nil {
			return failed[i]
		}
		separator := ",\n    "
		if i == 0 {
			separator = "[\n    "
		}
		out.WriteString(separator)
		out.Write(text)
	}
	out.WriteString("\n  ]")
	return nil
}

func marshalled(value any, prefix string) ([]byte, error) {
	text, err := json.MarshalIndent(value, prefix, "  ")
	return printable.JSON(text), err
}
