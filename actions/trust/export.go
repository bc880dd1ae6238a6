package trust

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"
)

// JSON returns the trusted root of the cache as trusted_root.json, refreshed as by Material: the bytes that TUF delivered,
// or, from a mirror that delivers single keys and certificates, the same put together in a fixed order.
func (c *Client) JSON(ctx context.Context) ([]byte, error) {
	trusted, err := c.Material(ctx)
	if err != nil {
		return nil, err
	}
	if found, _, err := readImported(c.opts.Homes.TUF); found != nil || err != nil {
		if err != nil {
			return nil, err
		}
		return found.Root, nil
	}
	l, err := c.open()
	if err != nil {
		return nil, err
	}
	if set, err := l.local(c.opts.Clock.Now()); err == nil {
		if _, ok := targetsOf(set)[trustedRootTarget]; ok {
			if data, err := l.readTarget(set, trustedRootTarget); err == nil {
				return data, nil
			}
		}
	}
	data, err := trusted.MarshalJSON()
	if err != nil {
		return nil, unreadable(l.home, err)
	}
	return inOrder(data)
}

// inOrder writes a trusted root the same way every time: the library takes logs from a map and spaces from a dice.
func inOrder(data []byte) ([]byte, error) {
	var parts map[string]any
	if err := json.Unmarshal(data, &parts); err != nil {
		return nil, err
	}
	for _, name := range []string{"tlogs", "ctlogs"} {
		logs, ok := parts[name].([]any)
		if !ok {
			continue
		}
		slices.SortFunc(logs, func(a, b any) int { return cmp.Compare(text(a), text(b)) })
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(parts)
	return b.Bytes(), err
}

func text(value any) string {
	data, _ := json.Marshal(value)
	return string(data)
}
