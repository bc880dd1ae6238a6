package jq

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"

	"github.com/itchyny/gojq"
)

// The functions here stand in for those of gojq that know no order. They have gojq's signature: the value, its arguments,
// and the result or an error.

func (o *orders) keysUnsorted(v any, _ []any) any {
	list := []any{}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range o.keys(v, false) {
			list = append(list, key)
		}
	case []any:
		for i := range v {
			list = append(list, i)
		}
	default:
		return fmt.Errorf("%s has no keys", gojq.TypeOf(v))
	}
	return list
}

// made takes note of the keys of an object that the filter made, in the order of args[0]; null stands for those that are
// not named there. It returns the object.
func (o *orders) made(v any, args []any) any {
	object, isObject := v.(map[string]any)
	list, isList := args[0].([]any)
	if !isObject || !isList {
		return v
	}
	var named, keys []string
	for _, key := range list {
		if text, ok := key.(string); ok {
			named = append(named, text)
		}
	}
	add := func(key string) {
		if _, there := object[key]; there && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	usual := o.keys(object, false)
	for _, key := range list {
		if text, ok := key.(string); ok {
			add(text)
			continue
		}
		for _, other := range usual {
			if !slices.Contains(named, other) {
				add(other)
			}
		}
	}
	// What comes out right anyway need not be held on to.
	if !slices.Equal(keys, usual) {
		o.objects[reflect.ValueOf(object).Pointer()] = known{object, keys}
	}
	return v
}

func (o *orders) fromEntries(v any, _ []any) any {
	list, ok := v.([]any)
	if !ok {
		return fmt.Errorf("from_entries cannot be applied to: %s", gojq.TypeOf(v))
	}
	object, keys := map[string]any{}, []string(nil)
	for _, e := range list {
		entry, ok := e.(map[string]any)
		if !ok {
			return fmt.Errorf("from_entries cannot be applied to an array with: %s", gojq.TypeOf(e))
		}
		key := o.keyOfEntry(entry)
		if _, there := object[key]; !there {
			keys = append(keys, key)
		}
		object[key] = nil
		for _, name := range []string{"value", "v", "Value", "V"} {
			if value, there := entry[name]; there {
				object[key] = value
				break
			}
		}
	}
	o.remember(object, keys)
	return object
}

// keyOfEntry returns what jq 1.7 takes for the key: the first of these names that is neither null nor false, or false
// where key is false itself.
func (o *orders) keyOfEntry(entry map[string]any) string {
	var key any
	for _, name := range []string{"key", "k", "name", "Name", "K", "Key"} {
		if key = entry[name]; key != nil && (key != false || name == "key") {
			break
		}
	}
	if text, ok := key.(string); ok {
		return text
	}
	return string(o.encode(key, compact))
}

func (o *orders) toJSON(v any, _ []any) any { return string(o.encode(v, compact)) }

func (o *orders) fromJSON(v any, _ []any) any {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("fromjson cannot be applied to: %s", gojq.TypeOf(v))
	}
	read, err := o.decodeOne(text)
	if err != nil {
		return fmt.Errorf("fromjson: %w", err)
	}
	return numbers(read)
}

// numbers makes numbers of the kinds that gojq works with of those that were read, in place. gojq does so itself with the
// inputs of a filter, and not with what a function returns.
func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil && int64(int(n)) == n {
			return int(n)
		}
		if !strings.ContainsAny(v.String(), ".eE") {
			if n, ok := new(big.Int).SetString(v.String(), 10); ok {
				return n
			}
		}
		n, _ := v.Float64() // what is too big is infinite, as in jq
		return n
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = numbers(v[key])
		}
	}
	return v
}
