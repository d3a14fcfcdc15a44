// Readable: what can be read of an environment of which a part may be damaged. A value that does not verify is left out; when the
// tree is damaged, so that the environment does not open, what verifies is looked for in all of its file. What is lost is counted.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "tarsier/storage.hpp"

namespace tarsier::samples {

/// What damage has cost.
struct Loss {
  uint64_t records = 0;  // that do not verify or make no sense
  std::string reason;    // what was wrong with the first
  bool any() const noexcept { return !reason.empty(); }
  void add(const Error& error) {
    ++records;
    if (reason.empty()) reason = error.message();
  }
  /// "3 records lost: ..."
  std::string text() const;
};

class Readable {
 public:
  /// Gets key and value. CORRUPT: the record makes no sense, and is lost.
  using Use = std::function<Result<void>(std::string_view key, std::string_view value)>;

  /// `tables`: all that it may have. Damage is no error.
  static Result<Readable> open(const Host& host, const std::string& name, uint32_t flags, std::span<const std::string_view> tables);
  /// One that is open already, and outlives this.
  static Readable of(const Env& env) {
    Readable readable;
    readable.borrowed_ = &env;
    return readable;
  }

  /// In order of the keys. Of a salvaged environment a key may come with several values, of which one was put last. [any]
  Result<void> each(std::string_view table, const Use& use, Loss& loss) const;
  /// Why it does not open; empty when it does.
  const std::string& closed_by() const noexcept { return closed_by_; }
  /// Null when it does not open.
  const Env* env() const noexcept { return borrowed_ != nullptr ? borrowed_ : env_ ? &env_ : nullptr; }
  Env take_env() noexcept { return std::move(env_); }
  uint64_t file_bytes() const noexcept { return file_bytes_; }

 private:
  using Table = std::set<std::pair<std::string, std::string>>;

  Result<void> each_opened(std::string_view table, const Use& use, Loss& loss) const;
  Result<void> each_salvaged(std::string_view table, const Use& use, Loss& loss) const;

  Env env_;
  const Env* borrowed_ = nullptr;
  std::string closed_by_;
  std::map<std::string, Table, std::less<>> salvaged_;
  uint64_t file_bytes_ = 0;  // of one that opens
};

/// Gives a damaged environment a name under which nobody reads it: "samples/damaged.journal.0000000007". Returns that.
Result<std::string> set_aside_env(const Host& host, const std::string& name);
inline constexpr std::string_view kAsidePrefix = "samples/damaged.";

}  // namespace tarsier::samples
