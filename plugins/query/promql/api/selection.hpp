// Selection: what is asked of the store for an exchange, which cancels it when its client goes away.
#pragma once

#include <string>
#include <vector>

#include "plugins/lib/promql/ast.hpp"
#include "tarsier/http.hpp"
#include "tarsier/service/samples_store.h"

namespace tarsier::promql {

class Selection {
 public:
  /// Times inclusive. Keeps references to the list, the exchange and the warnings, which the store adds to while it is asked.
  Selection(const std::vector<Matcher>& list, int64_t start_ns, int64_t end_ns, const http::Exchange& exchange,
            std::vector<std::string>* warnings = nullptr) {
    for (const Matcher& matcher : list)
      matchers_.push_back({static_cast<tarsier_match_op>(matcher.op), 0, str(matcher.name), str(matcher.value)});
    select_.size = sizeof(select_);
    select_.matcher_count = static_cast<uint32_t>(matchers_.size());
    select_.matchers = matchers_.data();
    select_.start_ns = start_ns;
    select_.end_ns = end_ns;
    select_.function = str("");
    select_.cancel = {const_cast<http::Exchange*>(&exchange),
                      [](void* user) { return static_cast<const http::Exchange*>(user)->cancelled() ? 1 : 0; }};
    if (warnings == nullptr) return;
    select_.warnings = {warnings, [](void* user, tarsier_str text) {
                          static_cast<std::vector<std::string>*>(user)->emplace_back(view(text));
                        }};
  }
  Selection(const Selection&) = delete;
  Selection& operator=(const Selection&) = delete;

  const tarsier_select& raw() const noexcept { return select_; }

 private:
  std::vector<tarsier_matcher> matchers_;
  tarsier_select select_{};
};

}  // namespace tarsier::promql
