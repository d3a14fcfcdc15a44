#include "plugins/alert/rules/rules_request.hpp"

#include <algorithm>
#include <limits>

#include "plugins/lib/promql/number.hpp"
#include "plugins/lib/promql/text.hpp"

namespace tarsier::rules {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::vector<std::string> all(const http::Form& form, std::string_view name) {
  const auto values = form.all(name);
  return {values.begin(), values.end()};
}

Error bad_parameter(std::string_view name, const std::string& what) {
  return Error::invalid("invalid parameter " + promql::quote(name) + ": " + what);
}

/// True when `filter` is empty or names `value`.
bool listed(const std::vector<std::string>& filter, std::string_view value) {
  return filter.empty() || std::find(filter.begin(), filter.end(), value) != filter.end();
}

}  // namespace

Result<RulesRequest> RulesRequest::read(const http::Form& form) {
  RulesRequest made;
  made.rule_names_ = all(form, "rule_name[]");
  made.group_names_ = all(form, "rule_group[]");
  made.files_ = all(form, "file[]");
  auto lists = promql::read_match_parameters(form.all("match[]"));
  if (!lists) return std::move(lists).error();
  for (auto& list : *lists) {
    auto selector = promql::compile(std::move(list));
    if (!selector) return std::move(selector).error();
    made.selectors_.push_back(std::move(*selector));
  }
  made.type_ = lower(form.get("type"));
  if (!made.type_.empty() && made.type_ != "alert" && made.type_ != "record")
    return bad_parameter("type", "not supported value " + promql::quote(made.type_));
  const std::string exclude = lower(form.get("exclude_alerts"));
  made.with_alerts_ = exclude != "1" && exclude != "t" && exclude != "true";
  if (made.with_alerts_ && !exclude.empty() && exclude != "0" && exclude != "f" && exclude != "false")
    return bad_parameter("exclude_alerts", "error converting exclude_alerts: strconv.ParseBool: parsing " + promql::quote(exclude) +
                                               ": invalid syntax");
  if (auto page = made.read_page(form); !page) return std::move(page).error();
  return made;
}

Result<void> RulesRequest::read_page(const http::Form& form) {
  const std::string_view limit = form.get("group_limit");
  next_token_ = form.get("group_next_token");
  if (limit.empty()) {
    if (next_token_.empty()) return {};
    return bad_parameter("group_next_token", "group_limit needs to be present in order to paginate over the groups");
  }
  bool out_of_range = false;
  const auto value = promql::read_integer(limit, &out_of_range);
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  if (!value || *value > kMost || *value < -kMost - 1)
    return bad_parameter("group_limit", "group_limit needs to be a valid number: strconv.ParseInt: parsing " +
                                            promql::quote(limit) +
                                            (value || out_of_range ? ": value out of range" : ": invalid syntax"));
  if (*value <= 0) return bad_parameter("group_limit", "group_limit needs to be greater than 0");
  group_limit_ = static_cast<size_t>(*value);
  return {};
}

bool RulesRequest::wants(const Group& group) const { return listed(group_names_, group.name) && listed(files_, group.file); }

bool RulesRequest::wants(const Rule& rule) const {
  if (!listed(rule_names_, rule.name) || (!type_.empty() && (type_ == "alert") != rule.alerting)) return false;
  const auto value_of = [&](std::string_view name) {
    for (const Templated& label : rule.labels)
      if (label.name == name) return std::string_view(label.text);
    return std::string_view{};
  };
  return selectors_.empty() || std::any_of(selectors_.begin(), selectors_.end(), [&](const promql::CompiledSelector& selector) {
           return promql::matches(selector, value_of);
         });
}

std::string RulesRequest::unknown_token() const {
  return bad_parameter("group_next_token", "invalid group_next_token '" + next_token_ + "'. were rule groups changed?").message();
}

std::string RulesRequest::token_of(const Group& group) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string token;
  for (const char c : group.file + ";" + group.name) {
    token.push_back(kHex[static_cast<unsigned char>(c) >> 4U]);
    token.push_back(kHex[static_cast<unsigned char>(c) & 0xfU]);
  }
  return token;
}

}  // namespace tarsier::rules
