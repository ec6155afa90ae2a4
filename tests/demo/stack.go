package stack

import "errors"

// Stack holds things, the last one first.
type Stack[T any] struct {
	items []T
}

// Push puts an item on the stack.
func (s *Stack[T]) Push(item T) {
	s.items = append(s.items, item)
}

// Pop takes the last item off the stack, or says that there is none.
func (s *Stack[T]) Pop() (item T, err error) {

}
