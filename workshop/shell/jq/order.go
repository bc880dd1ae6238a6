package jq

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/itchyny/gojq"
)

// maxDepth is how deep a JSON text may be nested, as in jq 1.7.
const maxDepth = 10000

// orders remembers in which order the keys of objects stood. jq keeps that order and gojq, whose objects are Go maps, does
// not. An object that the filter passes on is known by its identity; one that the filter made has its keys in the order in
// which they stand in the filter, then in which they were first read.
type orders struct {
	objects map[uintptr]known
	rank    map[string]int
}

// known is an object that was read. It holds on to the map, so that its address means nothing else meanwhile.
type known struct {
	object map[string]any
	keys   []string
}

var word = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*|"[^"\\]*"`)

func newOrders(filter string) *orders {
	o := &orders{objects: make(map[uintptr]known), rank: make(map[string]int)}
	for _, w := range word.FindAllString(filter, -1) {
		o.saw(strings.Trim(w, `"`))
	}
	return o
}

func (o *orders) saw(key string) {
	if _, ok := o.rank[key]; !ok {
		o.rank[key] = len(o.rank)
	}
}

func (o *orders) remember(object map[string]any, keys []string) {
	for _, key := range keys {
		o.saw(key)
	}
	o.objects[reflect.ValueOf(object).Pointer()] = known{object, keys}
}

// forget lets go of the objects of the previous input.
func (o *orders) forget() { clear(o.objects) }

// keys returns the keys of object in the order in which jq would write them.
func (o *orders) keys(object map[string]any, sorted bool) []string {
	if k, ok := o.objects[reflect.ValueOf(object).Pointer()]; ok && !sorted && len(k.keys) == len(object) {
		return k.keys
	}
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	if !sorted {
		slices.SortStableFunc(keys, func(a, b string) int { return o.place(a) - o.place(b) })
	}
	return keys
}

func (o *orders) place(key string) int {
	if rank, ok := o.rank[key]; ok {
		return rank
	}
	return len(o.rank)
}

// style is how a value is written. An empty indent writes one line.
type style struct {
	indent string
	sorted bool
	ascii  bool
}

var compact = style{}

func (o *orders) encode(v any, s style) []byte {
	var b bytes.Buffer
	o.write(&b, v, s, "\n")
	return b.Bytes()
}

// write writes v; newline is a line end with the indentation of v.
func (o *orders) write(b *bytes.Buffer, v any, s style, newline string) {
	inner := newline + s.indent
	end := func() {
		if s.indent != "" {
			b.WriteString(newline)
		}
	}
	start := func(i int) {
		if i > 0 {
			b.WriteByte(',')
		}
		if s.indent != "" {
			b.WriteString(inner)
		}
	}
	switch v := v.(type) {
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			start(i)
			o.write(b, e, s, inner)
		}
		if len(v) > 0 {
			end()
		}
		b.WriteByte(']')
	case map[string]any:
		b.WriteByte('{')
		for i, key := range o.keys(v, s.sorted) {
			start(i)
			scalar(b, key)
			b.WriteByte(':')
			if s.indent != "" {
				b.WriteByte(' ')
			}
			o.write(b, v[key], s, inner)
		}
		if len(v) > 0 {
			end()
		}
		b.WriteByte('}')
	default:
		scalar(b, v)
	}
}

func scalar(b *bytes.Buffer, v any) {
	text, err := gojq.Marshal(v)
	if err != nil {
		text = []byte("null")
	}
	b.Write(text)
}

// decoder reads JSON texts one after another.
type decoder struct {
	json   *json.Decoder
	orders *orders
}

func newDecoder(r io.Reader, o *orders) *decoder {
	d := json.NewDecoder(r)
	d.UseNumber()
	return &decoder{d, o}
}

// value returns the next text, or io.EOF.
func (d *decoder) value() (any, error) {
	token, err := d.json.Token()
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	if err != nil {
		return nil, d.bad(err)
	}
	v, err := d.rest(token, 0)
	if err != nil {
		return nil, d.bad(err)
	}
	return v, nil
}

func (d *decoder) bad(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("unfinished JSON text")
	}
	return fmt.Errorf("parse error at byte %d: %w", d.json.InputOffset(), err)
}

// rest reads what follows token, the first of a value.
func (d *decoder) rest(token json.Token, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errors.New("the JSON text is nested too deeply")
	}
	switch token {
	case json.Delim('['):
		list := []any{}
		for d.json.More() {
			v, err := d.inner(depth)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.json.Token()
		return list, err
	case json.Delim('{'):
		return d.object(depth)
	}
	return token, nil
}

func (d *decoder) object(depth int) (any, error) {
	object, keys := map[string]any{}, []string(nil)
	for d.json.More() {
		token, err := d.json.Token()
		if err != nil {
			return nil, err
		}
		key, ok := token.(string)
		if !ok {
			return nil, errors.New("the key of an object must be a string")
		}
		v, err := d.inner(depth)
		if err != nil {
			return nil, err
		}
		if _, there := object[key]; !there {
			keys = append(keys, key)
		}
		object[key] = v
	}
	if _, err := d.json.Token(); err != nil {
		return nil, err
	}
	d.orders.remember(object, keys)
	return object, nil
}

func (d *decoder) inner(depth int) (any, error) {
	token, err := d.json.Token()
	if err != nil {
		return nil, err
	}
	return d.rest(token, depth+1)
}

func decodeAll(text string) ([]any, error) {
	d, list := newDecoder(strings.NewReader(text), newOrders("")), []any{}
	for {
		v, err := d.value()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
}

func decodeOne(text string) (any, error) {
	list, err := decodeAll(text)
	if err == nil && len(list) != 1 {
		err = fmt.Errorf("want one JSON value, found %d", len(list))
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}
