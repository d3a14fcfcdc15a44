// tarsier/suggest.hpp - what a plugin proposes for this machine, for `tarsier doctor --discover`. tarsier/machine.hpp helps to
// look.
//
//   class Postgres final : public Plugin {
//     static Result<void> suggest(const Suggestions& to) {
//       for (const machine::Listener& each : machine::listeners())
//         if (each.program == "postgres") to.add({.title = "PostgreSQL at " + each.address, ...});
//       return {};
//     }
//   };
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "abi/module.h"
#include "result.hpp"

namespace tarsier {

/// abi/module.h says what each is.
struct Suggestion {
  std::string title;
  std::string why;
  std::string toml;
  std::string note = {};
  std::vector<std::string> known_by = {};
};

/// Where they go; valid during suggest().
class Suggestions {
 public:
  explicit Suggestions(const tarsier_suggestions& raw) noexcept : raw_(raw) {}

  void add(const Suggestion& suggestion) const {
    std::vector<tarsier_str> known;
    known.reserve(suggestion.known_by.size());
    for (const std::string& text : suggestion.known_by) known.push_back(str(text));
    const tarsier_suggestion plain = {sizeof(tarsier_suggestion),
                                      static_cast<uint32_t>(known.size()),
                                      str(suggestion.title),
                                      str(suggestion.why),
                                      str(suggestion.toml),
                                      str(suggestion.note),
                                      known.data()};
    raw_.add(raw_.user, &plain);
  }
  /// Of CLOCK_MONOTONIC.
  int64_t deadline_ns() const noexcept { return raw_.deadline_ns; }

 private:
  const tarsier_suggestions& raw_;
};

}  // namespace tarsier
