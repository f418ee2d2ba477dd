;; A command that imports a later wasi:clocks than any host has.
(component
  (import "wasi:clocks/monotonic-clock@0.9.0" (instance
    (export "now" (func (result u64)))))
  (core module $main
    (func (export "run") (result i32) (i32.const 0)))
  (core instance $main (instantiate $main))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $exports (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $exports)))
