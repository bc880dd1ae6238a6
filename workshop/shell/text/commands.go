package text

import "github.com/sigwalk/sigwalk/workshop/shell/builtin"

// Commands returns the tools of this package.
func Commands() []builtin.Builtin {
	return []builtin.Builtin{
		Column{},
		tool{"base64", "encode and decode Base64", base64Tool},
		tool{"basename", "the last part of a path", basename},
		tool{"cat", "print files", cat},
		tool{"chmod", "change the permissions of files", chmod},
		tool{"cp", "copy files", cp},
		tool{"cut", "pick columns of lines", cut},
		tool{"date", "print the time", date},
		tool{"dirname", "a path without its last part", dirname},
		tool{"env", "print the exported variables, secrets as dots", printEnv},
		tool{"grep", "pick lines", grep},
		tool{"head", "print the first lines", head},
		tool{"ls", "list files", ls},
		tool{"mkdir", "make directories", mkdir},
		tool{"mktemp", "make a file or directory of a new name", mktemp},
		tool{"mv", "move files", mv},
		tool{"printenv", "print exported variables, secrets as dots", printEnv},
		tool{"rm", "remove files", rm},
		tool{"rmdir", "remove empty directories", rmdir},
		tool{"seq", "count", seq},
		tool{"sha256sum", "print or check SHA-256 sums", sha256sum},
		tool{"sleep", "wait", sleep},
		tool{"sort", "sort lines", sortLines},
		tool{"tail", "print the last lines", tail},
		tool{"tee", "print input and write it to files", tee},
		tool{"touch", "make empty files", touch},
		tool{"tr", "replace or delete characters", tr},
		tool{"uniq", "leave out repeated lines", uniq},
		tool{"wc", "count lines, words and bytes", wc},
	}
}
