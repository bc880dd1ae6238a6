package jq

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

const usage = `jq [OPTION...] FILTER [FILE...]
  -n  no input: the filter runs once on null      -s  all inputs as one array
  -R  lines of text as strings                    -c  one line for each output
  -r  strings as they are, without quotes         -j  as -r, without line ends
  -e  exit code 1 for false or null, 4 for none   -S  keys in order
  -a  ASCII only      --tab, --indent N           -f FILE  the filter is in FILE
  --arg NAME TEXT     --argjson NAME JSON         --slurpfile NAME FILE
  --rawfile NAME FILE --args TEXT...              --jsonargs JSON...
Keys keep their order, as in jq: in objects that were read or that the filter constructs, and in to_entries,
with_entries, keys_unsorted, tojson and fromjson. Two things differ. An object that the filter changed or merged
(=, |=, +, *, del) has first the keys that were read, in the order in which they first were, then the new ones
in the order of the filter. And .[] visits an object in the alphabetical order of its keys.
`

// options is a parsed command line.
type options struct {
	filter string
	files  []string

	null, slurp, lines      bool
	raw, join, status       bool
	help, version, fromFile bool
	style                   style

	names  []string // of variables, with $
	values []any
	named  map[string]any
}

// parse reads jq's flags, which may stand anywhere and be combined, as in -rc.
func parse(call *builtin.Call, o *orders) (*options, error) {
	p := &parser{call: call, orders: o, opts: &options{style: style{indent: "  "}, named: map[string]any{}}, rest: call.Args}
	if err := p.parse(); err != nil {
		return nil, err
	}
	o.filter(p.opts.filter)
	o.pin()
	return p.opts, nil
}

type parser struct {
	call   *builtin.Call
	orders *orders
	opts   *options
	rest   []string

	words      []string // what is no flag, before --args or --jsonargs
	positional []any
	mode       string // "", "args" or "jsonargs"
}

func (p *parser) parse() error {
	flags := true
	for len(p.rest) > 0 {
		arg := p.rest[0]
		p.rest = p.rest[1:]
		var err error
		switch {
		case flags && arg == "--":
			flags = false
		case flags && strings.HasPrefix(arg, "--"):
			err = p.long(arg[2:])
		case flags && len(arg) > 1 && arg[0] == '-':
			err = p.short(arg[1:])
		default:
			err = p.word(arg)
		}
		if err != nil {
			return err
		}
	}
	return p.finish()
}

// word takes an argument that is no flag: the filter, a file, or a positional argument.
func (p *parser) word(arg string) error {
	switch {
	case p.mode == "" || len(p.words) == 0 && !p.opts.fromFile:
		p.words = append(p.words, arg)
	case p.mode == "args":
		p.positional = append(p.positional, arg)
	default:
		v, err := p.orders.decodeOne(arg)
		if err != nil {
			return fmt.Errorf("invalid JSON text passed to --jsonargs: %w", err)
		}
		p.positional = append(p.positional, v)
	}
	return nil
}

func (p *parser) short(letters string) error {
	for _, letter := range letters {
		long, ok := map[rune]string{
			'n': "null-input", 's': "slurp", 'R': "raw-input", 'c': "compact-output", 'r': "raw-output", 'j': "join-output",
			'e': "exit-status", 'S': "sort-keys", 'a': "ascii-output", 'f': "from-file", 'h': "help", 'V': "version",
			'M': "monochrome-output", 'C': "color-output",
		}[letter]
		if !ok {
			return fmt.Errorf("unknown option -%c", letter)
		}
		if err := p.long(long); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) long(name string) error {
	o := p.opts
	switch name {
	case "null-input":
		o.null = true
	case "slurp":
		o.slurp = true
	case "raw-input":
		o.lines = true
	case "compact-output":
		o.style.indent = ""
	case "tab":
		o.style.indent = "\t"
	case "indent":
		return p.indent()
	case "raw-output":
		o.raw = true
	case "join-output":
		o.raw, o.join = true, true
	case "exit-status":
		o.status = true
	case "sort-keys":
		o.style.sorted = true
	case "ascii-output":
		o.style.ascii = true
	case "from-file":
		o.fromFile = true
	case "help":
		o.help = true
	case "version":
		o.version = true
	case "monochrome-output", "color-output", "unbuffered":
		// Colour is never written, and output is never held back.
	case "args", "jsonargs":
		p.mode = name
	case "arg", "argjson", "slurpfile", "rawfile":
		return p.variable(name)
	default:
		return fmt.Errorf("unknown option --%s (the real jq may have it)", name)
	}
	return nil
}

func (p *parser) indent() error {
	if len(p.rest) == 0 {
		return fmt.Errorf("--indent takes one parameter")
	}
	n, err := strconv.Atoi(p.rest[0])
	if err != nil || n < 0 || n > 7 {
		return fmt.Errorf("--indent takes a number from 0 to 7, not %q", p.rest[0])
	}
	p.rest = p.rest[1:]
	p.opts.style.indent = strings.Repeat(" ", n)
	return nil
}

func (p *parser) variable(kind string) error {
	if len(p.rest) < 2 {
		return fmt.Errorf("--%s takes two parameters", kind)
	}
	name, text := p.rest[0], p.rest[1]
	p.rest = p.rest[2:]
	var v any = text
	switch kind {
	case "argjson":
		one, err := p.orders.decodeOne(text)
		if err != nil {
			return fmt.Errorf("invalid JSON text passed to --argjson: %w", err)
		}
		v = one
	case "slurpfile", "rawfile":
		data, err := p.call.Files.ReadFile(p.call.Dir, text)
		if err != nil {
			return err
		}
		v = string(data)
		if kind == "slurpfile" {
			list, err := p.orders.decodeAll(string(data))
			if err != nil {
				return fmt.Errorf("bad JSON in --slurpfile %s %s: %w", name, text, err)
			}
			v = list
		}
	}
	if _, there := p.opts.named[name]; !there {
		p.opts.names = append(p.opts.names, "$"+name)
		p.opts.values = append(p.opts.values, v)
		p.opts.named[name] = v
	}
	return nil
}

// finish sorts the words into filter and files, once all flags are known.
func (p *parser) finish() error {
	o := p.opts
	o.filter = "."
	if len(p.words) > 0 {
		o.filter, o.files = p.words[0], p.words[1:]
	}
	if o.fromFile && !o.help && !o.version {
		if len(p.words) == 0 {
			return fmt.Errorf("-f wants the name of a file")
		}
		text, err := p.call.Files.ReadFile(p.call.Dir, o.filter)
		if err != nil {
			return err
		}
		o.filter = string(text)
	}
	positional := p.positional
	if positional == nil {
		positional = []any{}
	}
	all := map[string]any{"positional": positional, "named": o.named}
	p.orders.remember(all, []string{"positional", "named"})
	o.names = append(o.names, "$ARGS")
	o.values = append(o.values, all)
	return nil
}
