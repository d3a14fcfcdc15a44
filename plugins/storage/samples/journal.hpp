// Journal: what makes samples durable before they are acknowledged. One writable environment, "samples/active"; each entry is one
// transaction that appends up to one value to each of the tables samples, series and metadata under one sequence number.
//
// A pass of sealing rotates the file: "samples/journal.N" holds what came before and goes away when all of it is in partitions or
// has been carried over.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>

#include "journal_codec.hpp"
#include "tarsier/storage.hpp"

namespace tarsier::samples {

inline constexpr std::string_view kActiveName = "samples/active";
inline constexpr std::string_view kJournalPrefix = "samples/journal.";

struct JournalEntry {
  std::vector<uint8_t> samples;
  std::vector<uint8_t> series;
  std::vector<uint8_t> metadata;
  bool empty() const noexcept { return samples.empty() && series.empty() && metadata.empty(); }
};

class Journal {
 public:
  using Done = std::function<void(Result<void>)>;

  explicit Journal(const Host& host) : host_(host) {}
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  /// Waits for what is in flight.
  ~Journal();

  /// Opens the active environment, making it when absent.
  Result<void> open();
  /// Everything that counts: rotated journals in order, then the active one.
  Result<void> replay(JournalVisitor& visitor);

  /// The sequence number that the next entry gets.
  uint64_t next_sequence() const noexcept { return next_sequence_; }
  /// True when a definition in that entry is on the disk, in the active file. Until then each entry that uses the series defines
  /// it.
  bool defined(uint64_t sequence) const;
  /// False when the entry that held this definition has failed or was rotated away, so that the next one counts anew.
  bool pending(uint64_t sequence) const;

  /// One entry; `done` runs on the writer thread unless an error is returned: then definitions in it were not made and the caller
  /// forgets that sequence number. One caller at a time.
  Result<void> write(const JournalEntry& entry, Done done);
  Result<void> write_wait(const JournalEntry& entry);
  /// True after an entry has failed, until one succeeds.
  bool failing() const;

  /// Waits until nothing is in flight, then starts a fresh file; the former becomes journal number `number`.
  Result<void> rotate(uint64_t number);
  /// Everything in journals up to `number` is kept elsewhere: notes that, durably.
  Result<void> note_finished(uint64_t number);
  /// Removes journals that are noted as finished. Part of open(), and before another rotation.
  Result<void> remove_finished();
  /// Numbers of rotated journals, ascending.
  const std::vector<uint64_t>& rotated() const noexcept { return rotated_; }
  Result<uint64_t> file_bytes() const;

 private:
  Result<void> replay_environment(const Env& env, JournalVisitor& visitor);
  Result<uint64_t> finished_number() const;
  void completed(const Result<void>& outcome, uint64_t sequence);

  const Host& host_;
  Env active_;
  std::vector<uint64_t> rotated_;
  uint64_t next_sequence_ = 1;

  mutable std::mutex state_mutex_;  // guards what follows; the writer thread takes it
  std::condition_variable idle_;
  uint64_t in_flight_ = 0;
  uint64_t committed_ = 0;    // the last entry that succeeded
  uint64_t first_valid_ = 1;  // definitions in entries before this one do not count
  bool failing_ = false;
};

}  // namespace tarsier::samples
