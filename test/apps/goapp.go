// SPDX-License-Identifier: GPL-2.0-or-later
// Go: 200 goroutines on small growing stacks, channels, timers, tickers, a map under a mutex, garbage all the time.
// zdtm-ignore: maps
// zdtm-ignore: [Tt]hreads
// zdtm-ignore: thread \d+:
// zdtm-ignore: fd \d+: pos
package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

var (
	mu       sync.Mutex
	failures []string
	over     atomic.Bool
)

func check(ok bool, format string, args ...any) {
	if !ok {
		mu.Lock()
		failures = append(failures, fmt.Sprintf(format, args...))
		mu.Unlock()
	}
}

// Deep enough that the stack has to be moved.
func depth(n int) int {
	var pad [128]byte
	pad[n%128] = byte(n)
	if n == 0 {
		return int(pad[0])
	}
	return depth(n-1) + 1
}

func worker(in <-chan int, out chan<- int) {
	for n := range in {
		garbage := make([]byte, 4096)
		garbage[n%4096] = 1
		out <- depth(200+n%50) - 200 + n*2 - n%50
	}
}

func main() {
	dir := os.Getenv("ZDTM_DIR")
	in, out := make(chan int), make(chan int, 200)
	for i := 0; i < 200; i++ {
		go worker(in, out)
	}
	var turns, ticks, timeouts atomic.Int64
	done := make(chan bool)
	go func() {
		for n := 0; !over.Load(); n++ {
			sum, want := 0, 0
			go func() {
				for i := 0; i < 50; i++ {
					in <- n + i
				}
			}()
			for i := 0; i < 50; i++ {
				sum += <-out
				want += (n + i) * 2
			}
			check(sum == want, "turn %d: %d, should be %d", n, sum, want)
			turns.Add(1)
			time.Sleep(time.Millisecond)
		}
		done <- true
	}()
	ticker := time.NewTicker(3 * time.Millisecond)
	go func() {
		for range ticker.C {
			ticks.Add(1)
		}
	}()
	go func() {
		for !over.Load() {
			start := time.Now()
			<-time.After(2 * time.Millisecond)
			check(time.Since(start) >= 2*time.Millisecond, "a timer was early")
			timeouts.Add(1)
		}
		done <- true
	}()
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	for turns.Load() < 3 || ticks.Load() < 3 {
		time.Sleep(time.Millisecond)
	}
	before := [3]int64{turns.Load(), ticks.Load(), timeouts.Load()}
	os.WriteFile(filepath.Join(dir, fmt.Sprintf("ready.%d", os.Getpid())), nil, 0644)
	<-term
	marks := [3]int64{turns.Load(), ticks.Load(), timeouts.Load()}
	time.Sleep(200 * time.Millisecond)
	over.Store(true)
	<-done
	<-done
	check(turns.Load() > marks[0] && marks[0] >= before[0], "goroutines do not go on")
	check(ticks.Load() > marks[1] && timeouts.Load() > marks[2], "timers do not go on")
	text := "PASS\n"
	if len(failures) > 0 {
		text = ""
		for _, f := range failures {
			text += "FAIL: " + f + "\n"
		}
	}
	f, _ := os.OpenFile(filepath.Join(dir, "verdict"), os.O_APPEND|os.O_WRONLY, 0)
	f.WriteString(text)
	if len(failures) > 0 {
		os.Exit(1)
	}
}
