// FlushLog: what flushes keep beside samples: sealed environments "<prefix><flush>", one of each flush that had something to write.
// Some are full and make the earlier ones superfluous. What a flush wrote counts once commit() is called; found at a start, those
// of an unfinished flush are removed. Of one that is damaged the records that can be read count, and it is not removed but set
// aside.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "damage.hpp"
#include "packer.hpp"

namespace tarsier::samples {

class FlushLog {
 public:
  /// `prefix` has static storage; `what` is it called in messages.
  FlushLog(const Host& host, Damage& damage, std::string_view prefix, std::string_view what)
      : host_(host), damage_(damage), prefix_(prefix), what_(what) {}

  /// Finds those that count. That of a flush that is not finished, as far as is known, counts too: it is whole, and says what the
  /// flush's journal says as well; those before it may be gone already, when the power has taken back the word that it was
  /// finished.
  Result<void> open();
  /// Calls use(readable, loss) for each, in the order in which they were written. `tables`: all that they have. A loss is noted as
  /// `effect`.
  Result<void> each(std::span<const std::string_view> tables, Damage::Effect effect,
                    const std::function<Result<void>(const Readable&, Loss&)>& use);
  /// open() or each() found some damaged, which set_aside_damaged() has not set aside yet.
  bool damaged() const noexcept { return !damaged_.empty(); }
  Result<void> set_aside_damaged();
  Result<void> remove_all();

  /// Makes the environment of `flush` of what `body` appends. Whole on the disk when it returns OK, else nothing of it is.
  Result<void> write(uint64_t flush, bool full, const std::function<Result<void>(Sealer&)>& body);
  /// The flush is noted as finished. False when nothing was written.
  bool commit() noexcept;
  /// The flush failed: what was written is removed.
  void abandon();
  /// Removes what the last full one made superfluous.
  Result<void> remove_superseded();
  uint64_t last_flush() const noexcept { return flushes_.empty() ? 0 : flushes_.back(); }
  /// True when there are so many that the next one had better be full.
  bool wants_full() const noexcept { return flushes_.size() >= kMost; }
  /// Of all that count. [any]
  uint64_t file_bytes() const noexcept { return file_bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kMost = 16;
  struct Written {
    uint64_t flush = 0;  // 0: none
    bool full = false;
  };
  std::string name_of(uint64_t flush) const { return std::string(prefix_) + std::to_string(flush); }
  bool parse_name(std::string_view name, uint64_t& flush) const;
  Result<bool> is_full(uint64_t flush);
  Result<void> remove(uint64_t flush);
  void forget(uint64_t flush);
  void note_bytes(uint64_t flush, uint64_t bytes);

  const Host& host_;
  Damage& damage_;
  std::string_view prefix_, what_;
  std::vector<uint64_t> flushes_;  // ascending
  uint64_t full_ = 0;              // the last full one
  Written pending_;
  std::map<uint64_t, std::string> damaged_;  // flush -> why
  std::map<uint64_t, uint64_t> bytes_;       // by flush
  std::atomic<uint64_t> file_bytes_{0};
};

/// Packs records and appends them to a table under ascending numbers.
class RecordWriter {
 public:
  RecordWriter(Sealer& sealer, std::string_view table) : sealer_(sealer), table_(table) {}
  /// Empties `record`.
  Result<void> append(std::vector<uint8_t>& record);

 private:
  Sealer& sealer_;
  std::string_view table_;
  Packer packer_;
  uint32_t number_ = 0;
};

/// Calls decode(bytes) for the records of a table that can be read, in order; none when there is no such table.
Result<void> each_record(const Readable& readable, std::string_view table,
                         const std::function<Result<void>(std::span<const uint8_t>)>& decode, Loss& loss);

}  // namespace tarsier::samples
