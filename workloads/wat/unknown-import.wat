;; A core module with an import that is not WASI's.
(module
  (import "env" "mystery" (func $mystery (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start") (drop (call $mystery (i32.const 42)))))
