package workshop

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
)

// The places in a course's folder.
const (
	courseFile = "course.yaml"
	lessonsDir = "lessons"
	scriptsDir = "scripts"
)

// Course is lessons in the order in which they are taught, with the scripts that they source. It is never changed once it
// was read.
type Course struct {
	Title   string
	Summary string
	Lessons []*Lesson
	// Bare courses make the organisation and the technical user themselves: a fresh sandbox, in which the course is tested,
	// leaves them out.
	Bare bool
	// Host is why the lessons want to run programs of the machine, as half a sentence; empty for a course that runs none.
	Host string
	// Files is the course's folder, as ParseCourse was given it.
	Files fs.FS
	// print is what the files were like before they were read.
	print [sha256.Size]byte
}

// Sum is the SHA-256 of the names and contents of all files of the course, as they were when it was read.
func (c *Course) Sum() [sha256.Size]byte { return c.print }

// ParseCourse reads the course in a folder: course.yaml, lessons/NAME.md and scripts/NAME.sh. Everything that is wrong in any
// of its files is reported at once, in an error with CodeLessonBroken that wraps Problems; there is no course then.
func ParseCourse(fsys fs.FS) (*Course, error) {
	p := &lessonParser{problems: problems{file: courseFile}}
	print := printOf(fsys)
	text, err := readLesson(fsys, courseFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &actions.Error{
			Code: actions.CodeLessonBroken, What: "the folder holds no course", Why: "it has no " + courseFile, Err: err,
			Next: "make one with `sigwalk workshop new NAME`; docs/lesson-format.md describes it",
		}
	}
	if err != nil {
		return nil, err
	}
	course := &Course{Files: fsys, print: print}
	fields, ok := p.mapping(string(p.checkText(text)), 1, courseFile, []string{"title", "summary", "sandbox", "host", "lessons"})
	if !ok {
		return nil, p.err()
	}
	course.Title = p.scalar(fields, "title", 1, "write title: and the course's name for people")
	course.Summary = p.scalar(fields, "summary", 1, "write summary: and one sentence on what is learnt")
	if _, given := fields["sandbox"]; given {
		const bare = "bare"
		if course.Bare = p.scalar(fields, "sandbox", 1, "write sandbox: "+bare) == bare; !course.Bare {
			p.add(fields["sandbox"].line, "sandbox says something else than "+bare, "write sandbox: "+bare+", or remove it")
		}
	}
	if _, given := fields["host"]; given {
		course.Host = p.scalar(fields, "host", 1, "write host: and why the lessons run programs of the machine, such as they call oc")
	}
	there, err := lessonNames(fsys)
	if err != nil {
		return nil, err
	}
	named := p.items(fields, "lessons")
	if len(named) == 0 && len(p.list) == 0 {
		p.add(1, "no lessons", "write lessons: and the names of the files in "+lessonsDir+", in order, such as [first, second]")
	}
	course.Lessons = p.lessons(fsys, named, there)
	if len(p.list) == 0 {
		p.findEarlier(course.Lessons)
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	return course, nil
}

// lessonNames lists the lessons that there are, whether the course names them or not.
func lessonNames(fsys fs.FS) ([]string, error) {
	matches, err := fs.Glob(fsys, lessonsDir+"/*.md")
	names := make([]string, len(matches))
	for i, match := range matches {
		names[i] = strings.TrimSuffix(path.Base(match), ".md")
	}
	return names, err
}

// lessons reads the lessons that the course names, and takes over what is wrong in them.
func (p *lessonParser) lessons(fsys fs.FS, named []item, there []string) []*Lesson {
	var lessons []*Lesson
	var seen []string
	for _, name := range named {
		switch {
		case slices.Contains(seen, name.text):
			p.add(name.line, fmt.Sprintf("the lesson %q is named twice", name.text), "keep one of them")
			continue
		case !slices.Contains(there, name.text):
			p.add(name.line, fmt.Sprintf("there is no lesson %q", name.text), "write the file "+lessonsDir+"/"+name.text+".md, or "+instead(name.text, there))
			continue
		}
		seen = append(seen, name.text)
		lesson, err := ParseLesson(fsys, lessonsDir+"/"+name.text+".md")
		var wrong Problems
		switch {
		case err == nil:
			lessons = append(lessons, lesson)
		case errors.As(err, &wrong):
			p.list = append(p.list, wrong...)
		default:
			p.add(name.line, fmt.Sprintf("the lesson %q cannot be read: %v", name.text, err), "make it a Markdown file that can be read")
		}
	}
	for _, name := range there {
		if !slices.ContainsFunc(named, func(i item) bool { return i.text == name }) {
			p.add(1, fmt.Sprintf("%s/%s.md is no part of the course", lessonsDir, name), "name it in lessons, or remove it")
		}
	}
	return lessons
}

// Lesson returns the lesson of that name. Its error has CodeUsage and names those that there are.
func (c *Course) Lesson(name string) (*Lesson, error) {
	var names []string
	for _, lesson := range c.Lessons {
		if lesson.Name == name {
			return lesson, nil
		}
		names = append(names, lesson.Name)
	}
	return nil, &actions.Error{
		Code: actions.CodeUsage, What: fmt.Sprintf("there is no lesson %q", name), Next: instead(name, names),
	}
}

// Titles returns what each lesson is called, by its name.
func (c *Course) Titles() map[string]string {
	titles := make(map[string]string, len(c.Lessons))
	for _, lesson := range c.Lessons {
		titles[lesson.Name] = lesson.Title
	}
	return titles
}

// After returns the lesson that follows the one of that name, or nil.
func (c *Course) After(name string) *Lesson {
	for i, lesson := range c.Lessons {
		if lesson.Name == name && i+1 < len(c.Lessons) {
			return c.Lessons[i+1]
		}
	}
	return nil
}

// Standing is how far a learner has come in a lesson.
type Standing struct {
	Lesson *Lesson
	// Done counts the steps that are done, Skipped those that were left out, of all of Lesson.Steps.
	Done, Skipped int
	// Begun is true when the lesson was opened before.
	Begun bool
}

// Finished reports whether nothing is left to do.
func (s Standing) Finished() bool { return s.Done+s.Skipped >= len(s.Lesson.Steps) }

// Standings reads how far a learner has come in each lesson, and which lesson to go on with: the one that was open last, or
// the one after it when nothing of it is left. file says where the progress of a lesson is kept. Progress that cannot be
// read counts as none; opening that lesson puts it aside and says so.
func (c *Course) Standings(file func(*Lesson) string) (standings []Standing, next *Lesson) {
	last := -1
	var lastSaved lessonProgress
	for i, lesson := range c.Lessons {
		kept, err := readProgress(file(lesson))
		standing := Standing{Lesson: lesson}
		if progress, begun := kept.Lessons[lesson.Name]; err == nil && begun {
			standing.Begun = true
			for _, step := range lesson.Steps {
				switch saved := progress.Steps[step.ID]; {
				case saved.Done:
					standing.Done++
				case saved.Skipped:
					standing.Skipped++
				}
			}
			if last < 0 || progress.Saved.After(lastSaved.Saved) {
				last, lastSaved = i, progress
			}
		}
		standings = append(standings, standing)
	}
	if len(c.Lessons) == 0 {
		return nil, nil
	}
	if last < 0 {
		return standings, c.Lessons[0]
	}
	for i := last; i < len(standings); i++ {
		if !standings[i].Finished() {
			return standings, c.Lessons[i]
		}
	}
	return standings, c.Lessons[last]
}
