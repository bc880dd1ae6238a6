package workshop

import (
	"fmt"
	"slices"
)

// findEarlier finds the steps of earlier lessons that lessons name. One that could not be looked at from another lesson, because
// it is done by its own run alone, is a problem as one that is not there.
func (p *lessonParser) findEarlier(lessons []*Lesson) {
	var before []string
	for at, lesson := range lessons {
		for n := range lesson.After {
			earlier := &lesson.After[n]
			add := func(what, instead string) {
				p.list = append(p.list, Problem{File: lessonsDir + "/" + lesson.Name + ".md", Line: earlier.Line, What: what, Instead: instead})
			}
			other := slices.IndexFunc(lessons[:at], func(l *Lesson) bool { return l.Name == earlier.Lesson })
			if other < 0 {
				how := "remove it"
				if len(before) > 0 {
					how = instead(earlier.Lesson, before)
				}
				add(fmt.Sprintf("after names %q, which is no lesson before this one", earlier.Lesson), how)
				continue
			}
			var ids []string
			number := 0
			for i, step := range lessons[other].Steps {
				ids = append(ids, step.ID)
				if step.ID == earlier.ID {
					number = i + 1
				}
			}
			if number == 0 {
				add(fmt.Sprintf("after names %q, which is no step of %s", earlier.ID, earlier.Lesson), instead(earlier.ID, ids))
				continue
			}
			step := lessons[other].Steps[number-1]
			if step.Kind != Changes {
				add(fmt.Sprintf("after names %s/%s, which the world does not show", earlier.Lesson, earlier.ID), "name a step of the kind changes")
				continue
			}
			earlier.Title, earlier.Number, earlier.Step = lessons[other].Title, number, step
		}
		before = append(before, lesson.Name)
	}
}
