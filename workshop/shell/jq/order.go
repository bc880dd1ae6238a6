package jq

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/itchyny/gojq"
)

// maxDepth is how deep a JSON text may be nested, as in jq 1.7.
const maxDepth = 10000

// orders remembers in which order the keys of objects stood. jq keeps that order and gojq, whose objects are Go maps, does
// not. An object that was read, or that the filter constructs (see keepOrder), is known by its identity. Any other is one
// that was changed or merged: keys that were read come first, in the order in which they were, then those of the filter.
type orders struct {
	objects map[uintptr]known
	pinned  map[uintptr]known // of the command line, for every input
	written map[string]int    // rank of a word in the filter
	read    map[string]int    // rank of a key that was read
}

// known is an object and its keys. It holds on to the map, so that its address means nothing else meanwhile.
type known struct {
	object map[string]any
	keys   []string
}

// holds reports whether the object still has the keys that it was known by: gojq changes some of its own in place.
func (k known) holds() bool {
	if len(k.keys) != len(k.object) {
		return false
	}
	for _, key := range k.keys {
		if _, ok := k.object[key]; !ok {
			return false
		}
	}
	return true
}

var word = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*|"[^"\\]*"`)

func newOrders() *orders {
	return &orders{
		objects: make(map[uintptr]known), pinned: make(map[uintptr]known),
		written: make(map[string]int), read: make(map[string]int),
	}
}

// filter takes note of the words of the filter.
func (o *orders) filter(text string) {
	for _, w := range word.FindAllString(text, -1) {
		rank(o.written, strings.Trim(w, `"`))
	}
}

// rank gives key the next rank when it has none.
func rank(ranks map[string]int, key string) {
	if _, ok := ranks[key]; !ok {
		ranks[key] = len(ranks)
	}
}

func (o *orders) remember(object map[string]any, keys []string) {
	for _, key := range keys {
		rank(o.read, key)
	}
	o.objects[reflect.ValueOf(object).Pointer()] = known{object, keys}
}

// pin keeps what was read so far, which belongs to the command line.
func (o *orders) pin() {
	maps.Copy(o.pinned, o.objects)
	o.forget()
}

// forget lets go of the objects of the previous input.
func (o *orders) forget() { clear(o.objects) }

// keys returns the keys of object in the order in which jq would write them.
func (o *orders) keys(object map[string]any, sorted bool) []string {
	id := reflect.ValueOf(object).Pointer()
	for _, objects := range []map[uintptr]known{o.objects, o.pinned} {
		if k, ok := objects[id]; ok && !sorted && k.holds() {
			return k.keys
		}
	}
	keys := slices.Sorted(maps.Keys(object))
	if sorted {
		return keys
	}
	place := func(key string) int {
		if n, ok := o.read[key]; ok {
			return n
		}
		if n, ok := o.written[key]; ok {
			return len(o.read) + n
		}
		return len(o.read) + len(o.written)
	}
	slices.SortStableFunc(keys, func(a, b string) int { return place(a) - place(b) })
	return keys
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

func (o *orders) decodeAll(text string) ([]any, error) {
	d, list := newDecoder(strings.NewReader(text), o), []any{}
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

func (o *orders) decodeOne(text string) (any, error) {
	list, err := o.decodeAll(text)
	if err == nil && len(list) != 1 {
		err = fmt.Errorf("want one JSON value, found %d", len(list))
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}
