// Damage: what was found damaged outside of segments and partitions, and what that means for answers. For the log, the health of
// the plugin and the warnings of queries.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "readable.hpp"

namespace tarsier::samples {

class Damage {
 public:
  /// What an answer may have wrong with it. A journal has exemplars, too: an answer about these lacks them where one lacks samples.
  enum class Effect : uint8_t { none, lacks_samples, lacks_exemplars, shows_deleted };
  struct Note {
    std::string name;
    std::string reason;
    Effect effect = Effect::none;
  };

  explicit Damage(const Host& host) : host_(host) {}
  Damage(const Damage&) = delete;
  Damage& operator=(const Damage&) = delete;

  void note(std::string name, const Loss& loss, Effect effect) {
    host_.error("an environment is damaged; what can be read of it is used",
                {field("environment", name), field("error", loss.text())});
    const std::scoped_lock lock(notes_mutex_);
    lost_records_ += loss.records;
    notes_.push_back({std::move(name), loss.text(), effect});
  }
  std::vector<Note> notes() const {
    const std::scoped_lock lock(notes_mutex_);
    return notes_;
  }
  uint64_t lost_records() const {
    const std::scoped_lock lock(notes_mutex_);
    return lost_records_;
  }

 private:
  const Host& host_;
  mutable std::mutex notes_mutex_;
  std::vector<Note> notes_;
  uint64_t lost_records_ = 0;
};

}  // namespace tarsier::samples
