package jq

import (
	"reflect"
	"strings"

	"github.com/itchyny/gojq"
)

// Names of functions that no filter can call by chance; our definitions below and keepOrder call them.
const (
	orderedName     = "_sigwalk_ordered"
	fromEntriesName = "_sigwalk_from_entries"
	toJSONName      = "_sigwalk_tojson"
	fromJSONName    = "_sigwalk_fromjson"
)

// inOrder are the definitions of jq that keep the order of keys; gojq's sort them.
const inOrder = `
def from_entries: ` + fromEntriesName + `;
def to_entries: [keys_unsorted[] as $k | {key: $k, value: .[$k]}];
def with_entries(f): to_entries | map(f) | from_entries;
def tojson: ` + toJSONName + `;
def tostring: if type == "string" then . else ` + toJSONName + ` end;
def fromjson: ` + fromJSONName + `;
.`

// keepOrder changes a parsed filter so that the objects which it constructs, and our definitions, keep the order of keys:
// {b: 1, a: 2} becomes ({b: 1, a: 2} | ordered(["b", "a"])).
func keepOrder(query *gojq.Query) error {
	definitions, err := gojq.Parse(inOrder)
	if err != nil {
		return err
	}
	query.FuncDefs = append(definitions.FuncDefs, query.FuncDefs...)
	wrapObjects(reflect.ValueOf(query))
	return nil
}

// wrapObjects finds every construction of an object below v.
func wrapObjects(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		wrapObjects(v.Elem())
		if term, ok := v.Interface().(*gojq.Term); ok && term.Type == gojq.TermTypeObject {
			wrap(term)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			wrapObjects(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			wrapObjects(v.Index(i))
		}
	default:
	}
}

func wrap(term *gojq.Term) {
	if len(term.Object.KeyVals) < 2 {
		return
	}
	keys := &gojq.Query{}
	for i, kv := range term.Object.KeyVals {
		key := &gojq.Query{Term: keyOf(kv)}
		if i == 0 {
			keys = key
			continue
		}
		keys = &gojq.Query{Left: keys, Op: gojq.OpComma, Right: key}
	}
	call := &gojq.Func{Name: orderedName, Args: []*gojq.Query{
		{Term: &gojq.Term{Type: gojq.TermTypeArray, Array: &gojq.Array{Query: keys}}},
	}}
	*term = gojq.Term{
		Type: gojq.TermTypeQuery,
		Query: &gojq.Query{
			Left:  &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeObject, Object: term.Object}},
			Op:    gojq.OpPipe,
			Right: &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeFunc, Func: call}},
		},
		SuffixList: term.SuffixList,
	}
}

// keyOf returns the key of a construction as a string, or null for one that only running the filter tells.
func keyOf(kv *gojq.ObjectKeyVal) *gojq.Term {
	text := strings.TrimPrefix(kv.Key, "$")
	switch {
	case strings.HasPrefix(kv.Key, "$") && kv.Val != nil: // {$name: 1}, the key is the variable's value
		return &gojq.Term{Type: gojq.TermTypeNull}
	case kv.KeyString != nil && kv.KeyString.Queries == nil:
		text = kv.KeyString.Str
	case kv.Key == "":
		return &gojq.Term{Type: gojq.TermTypeNull}
	}
	return &gojq.Term{Type: gojq.TermTypeString, Str: &gojq.String{Str: text}}
}
