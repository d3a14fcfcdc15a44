// What a request to /api/v1/rules asks for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/alert/rules/rule_file.hpp"
#include "plugins/lib/promql/matching.hpp"
#include "tarsier/http.hpp"

namespace tarsier::rules {

class RulesRequest {
 public:
  /// INVALID with the text that the client is told.
  static Result<RulesRequest> read(const http::Form& form);

  bool wants(const Group& group) const;
  bool wants(const Rule& rule) const;
  bool with_alerts() const noexcept { return with_alerts_; }

  /// How many groups a page has; none: all on one.
  std::optional<size_t> group_limit() const noexcept { return group_limit_; }
  /// Whether the page begins with this group, or goes on from another page at it.
  bool begins_at(const Group& group) const { return next_token_.empty() || next_token_ == token_of(group); }
  /// What the client is told when no group has the name in its token.
  std::string unknown_token() const;
  /// Names the group in the request for the page that begins with it.
  static std::string token_of(const Group& group);

 private:
  Result<void> read_page(const http::Form& form);

  std::string type_;  // "alert", "record" or "": both
  std::vector<std::string> rule_names_, group_names_, files_;
  std::vector<promql::CompiledSelector> selectors_;
  bool with_alerts_ = true;
  std::optional<size_t> group_limit_;
  std::string next_token_;
};

}  // namespace tarsier::rules
