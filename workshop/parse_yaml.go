package workshop

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// field is one value of a mapping with the line it stands on in the lesson file.
type field struct {
	node  *yaml.Node
	line  int // of the name
	first int // the line of the file at which the YAML begins
}

// item is one word of a list.
type item struct {
	text string
	line int
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

// document reads YAML that begins at the file's line first. It returns nil after a problem, or when the text holds nothing.
func (p *lessonParser) document(source string, first int, where string) *yaml.Node {
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(source), &node); err != nil {
		message, line := strings.TrimPrefix(err.Error(), "yaml: "), first
		if m := yamlLine.FindStringSubmatch(message); m != nil {
			n, _ := strconv.Atoi(m[1])
			line, message = first+n-1, strings.Replace(message, m[0], "", 1)
		}
		p.add(line, where+" is no YAML: "+message, "check the indentation, and put values with : # * & or a leading quote between single quotes")
		return nil
	}
	if len(node.Content) == 0 {
		return nil
	}
	return node.Content[0]
}

// mapping reads YAML that must be a mapping of the known names.
func (p *lessonParser) mapping(source string, first int, where string, known []string) (map[string]field, bool) {
	before := len(p.list)
	node := p.document(source, first, where)
	if node == nil {
		if len(p.list) == before {
			p.add(first, where+" is empty", "write "+orList(known)+", one a line, each with a colon and a value")
		}
		return nil, false
	}
	fields, ok := p.fields(node, first, where)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(known, name) {
			p.add(fields[name].line, fmt.Sprintf("%s knows no %q", where, name), instead(name, known))
		}
	}
	return fields, ok
}

// fields lists the values of a mapping by name.
func (p *lessonParser) fields(node *yaml.Node, first int, where string) (map[string]field, bool) {
	if node.Kind != yaml.MappingNode {
		p.add(first+node.Line-1, where+" is no mapping", "write one name: value a line")
		return nil, false
	}
	fields := map[string]field{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		line := first + key.Line - 1
		if _, twice := fields[key.Value]; twice {
			p.add(line, fmt.Sprintf("%s has %q twice", where, key.Value), "keep one of them")
			continue
		}
		fields[key.Value] = field{node: value, line: line, first: first}
	}
	return fields, true
}

// scalar returns the text of a value that must be there and be one value.
func (p *lessonParser) scalar(fields map[string]field, name string, line int, instead string) string {
	f, ok := fields[name]
	switch {
	case !ok:
		p.add(line, "no "+name, instead)
	case f.node.Kind != yaml.ScalarNode:
		p.add(f.line, name+" is no single value", instead)
	case strings.TrimSpace(f.node.Value) == "":
		p.add(f.line, name+" is empty", instead)
	default:
		return strings.TrimSpace(f.node.Value)
	}
	return ""
}

// items returns the words of a list that may be absent. A single word stands for a list of one.
func (p *lessonParser) items(fields map[string]field, name string) []item {
	f, ok := fields[name]
	if !ok {
		return nil
	}
	nodes := []*yaml.Node{f.node}
	if f.node.Kind == yaml.SequenceNode {
		nodes = f.node.Content
	}
	var list []item
	for _, node := range nodes {
		line := f.first + node.Line - 1
		if node.Kind != yaml.ScalarNode || node.Value == "" {
			p.add(line, name+" holds something that is no word", fmt.Sprintf("write %s: [one, two]", name))
			continue
		}
		list = append(list, item{text: node.Value, line: line})
	}
	return list
}
