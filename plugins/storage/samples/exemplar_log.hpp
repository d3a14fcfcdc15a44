// ExemplarLog: the exemplars of the buffer as the flushes left them: sealed environments "samples/exemplars.N", since the journal
// that held them goes away. The same rules as for series catalogs: each holds what came since the one before, some hold the whole
// buffer.
#pragma once

#include "exemplar_buffer.hpp"
#include "flush_log.hpp"

namespace tarsier::samples {

class ExemplarLog {
 public:
  ExemplarLog(const Host& host, Damage& damage) : log_(host, damage, "samples/exemplars.", "a log of exemplars") {}

  Result<void> open() { return log_.open(); }
  /// Puts everything that can be read into the buffer, in the order in which it was written. When it keeps none, nothing of the
  /// logs is kept either. Those that are damaged are set aside, and the next one is full.
  Result<void> load(ExemplarBuffer& buffer);

  /// True when the buffer has some that no log has.
  bool behind(const ExemplarBuffer& buffer) const { return buffer.end() != logged_; }
  /// Writes the exemplars up to number `to` that no log has, as log `flush`; nothing when there are none. Those that are pushed out
  /// meanwhile need not be in it. It counts once commit() is called.
  Result<void> write(uint64_t flush, const ExemplarBuffer& buffer, uint64_t to);
  void commit() noexcept {
    (void)log_.commit();
    logged_ = pending_;
  }
  void abandon() { log_.abandon(); }
  Result<void> remove_superseded() { return log_.remove_superseded(); }
  uint64_t last_flush() const noexcept { return log_.last_flush(); }
  uint64_t file_bytes() const noexcept { return log_.file_bytes(); }

 private:
  FlushLog log_;
  uint64_t logged_ = 0;   // exemplars below this number are in logs, or were pushed out
  uint64_t pending_ = 0;  // with the log that was written and does not count yet
};

}  // namespace tarsier::samples
