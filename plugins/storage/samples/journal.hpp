// Journal: what makes samples durable before they are acknowledged. One writable environment, "samples/active"; each entry is one
// transaction that appends up to one value to each of the tables samples, series, metadata and exemplars under one sequence number.
//
// A flush rotates the file: "samples/journal.N" holds what came before and goes away when all of it is in segments and catalogs.
//
// Entries that cannot be read are named and left out, and a file that has any is not removed in the end but set aside.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <string>

#include "damage.hpp"
#include "journal_codec.hpp"

namespace tarsier::samples {

inline constexpr std::string_view kActiveName = "samples/active";
inline constexpr std::string_view kJournalPrefix = "samples/journal.";

/// The number of an entry before all others: what replay found is defined in it.
inline constexpr uint64_t kBeforeAll = 1;

struct JournalEntry {
  std::vector<uint8_t> samples;
  std::vector<uint8_t> series;
  std::vector<uint8_t> metadata;
  std::vector<uint8_t> exemplars;
  bool empty() const noexcept { return samples.empty() && series.empty() && metadata.empty() && exemplars.empty(); }
  size_t bytes() const noexcept { return samples.size() + series.size() + metadata.size() + exemplars.size(); }
};

class Journal {
 public:
  using Done = std::function<void(Result<void>)>;

  Journal(const Host& host, Damage& damage) : host_(host), damage_(damage) {}
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  /// Waits for what is in flight.
  ~Journal();

  /// Opens the active environment, making it when absent. One that is too damaged becomes a journal of its own, with a number above
  /// `last_flush`: that of any file of the store.
  Result<void> open(uint64_t last_flush);
  /// Everything that counts, rotated journals in order, then the active one: series, metadata, exemplars.
  Result<void> replay_definitions(JournalVisitor& visitor);
  /// Samples; both may run at the same time.
  Result<void> replay_samples(JournalVisitor& visitor);
  /// Both are done. Before the first write().
  void end_replay();
  /// Replay found definitions of series that cannot be read, or an entry that may have held some.
  bool lost_definitions() const noexcept { return lost_definitions_; }
  /// There are samples of series that nothing defines: no file is removed that has them.
  void note_undefined(uint64_t samples);
  /// Something of the active file cannot be read: it had better be rotated before anything is written to it.
  bool active_damaged() const noexcept { return damaged_.contains(kActiveNumber); }

  /// The sequence number that the next entry gets.
  uint64_t next_sequence() const noexcept { return next_sequence_; }
  /// All entries up to this one are on the disk or have failed. Definitions in the former need not be made again.
  uint64_t committed() const;
  /// Entries that failed since the last call, other than those that write() or write_wait() answered for: definitions in them were
  /// not made.
  std::vector<uint64_t> take_failed();

  /// One entry; `done` runs on the writer thread unless an error is returned: then nothing of it was made. One caller at a time.
  /// `unhurried`: nobody waits for `done`, so the entry may wait for others.
  Result<void> write(const JournalEntry& entry, Done done, bool unhurried = false);
  Result<void> write_wait(const JournalEntry& entry);
  /// True after an entry has failed, until one succeeds.
  bool failing() const;

  /// Waits until nothing is in flight, then starts a fresh file; the former becomes journal number `number`, or a later one when an
  /// attempt that failed has made that. Returns which.
  Result<uint64_t> rotate(uint64_t number);
  /// Everything in journals up to `number` is in segments and catalogs: notes that, durably.
  Result<void> note_finished(uint64_t number);
  /// Removes journals that are noted as finished, or sets them aside. Part of open(), and before another rotation.
  Result<void> remove_finished();
  /// Numbers of rotated journals, ascending.
  const std::vector<uint64_t>& rotated() const noexcept { return rotated_; }
  /// The highest number that is noted as finished; 0: none.
  uint64_t last_finished() const noexcept { return last_finished_; }
  /// Of all files.
  Result<uint64_t> file_bytes() const;
  /// What a start would have to replay, about.
  uint64_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr uint64_t kActiveNumber = UINT64_MAX;
  Result<void> list_rotated();
  Result<void> open_active(uint64_t last_flush);
  Result<void> open_rotated();
  Result<void> look_at_finished();
  Result<void> retire(uint64_t number);
  void note_rotated(uint64_t number, uint64_t file_bytes);
  Result<uint64_t> size_of_rotated(uint64_t number) const;
  void note_loss(uint64_t number, const Loss& loss);
  using Decode = Result<void> (*)(std::span<const uint8_t> bytes, JournalVisitor& visitor);
  Result<void> replay_table(std::string_view table, Decode decode, JournalVisitor& visitor);
  Result<uint64_t> finished_number();
  void await_idle();
  void completed(const Result<void>& outcome, uint64_t sequence);

  const Host& host_;
  Damage& damage_;
  Env active_;
  std::vector<uint64_t> rotated_;
  std::vector<Readable> to_replay_;  // those that rotated_ names, until they are replayed
  uint64_t last_finished_ = 0;
  bool rotation_failed_ = false;  // whether it was made all the same, when the disk worked again, is to be seen
  std::atomic<uint64_t> bytes_{0};
  uint64_t next_sequence_ = kBeforeAll + 1;
  std::atomic<bool> lost_definitions_{false};

  mutable std::mutex state_mutex_;  // guards what follows; the writer thread takes it
  std::condition_variable idle_;
  uint64_t in_flight_ = 0;
  uint64_t committed_ = kBeforeAll;
  std::vector<uint64_t> failed_;
  std::set<uint64_t> damaged_;                  // numbers; kActiveNumber: the active one. Under the mutex during replay only
  std::map<uint64_t, uint64_t> rotated_bytes_;  // by number
  bool failing_ = false;
};

}  // namespace tarsier::samples
