#include "plugins/lib/discovery/target_groups.hpp"

#include "tarsier/utf8.hpp"

namespace tarsier::discovery {

Result<void> TargetList::add(TargetGroup group) {
  for (const auto& [name, value] : extra_) group.labels.insert_or_assign(name, value);
  size_t bytes = 0;
  for (const auto& [name, value] : group.labels) bytes += name.size() + value.size();
  for (std::string& address : group.addresses) {
    bytes_ += bytes + address.size();
    if (targets_.size() == kMaxTargets || bytes_ > kMaxLabelBytes)
      return Error(TARSIER_RESOURCE, "more than " + std::to_string(kMaxTargets) + " targets, or labels of more than " +
                                         std::to_string(kMaxLabelBytes >> 20U) + " MiB");
    targets_.push_back(group.labels);
    targets_.back().insert_or_assign("__address__", std::move(address));
  }
  return {};
}

std::string label_fault(std::string_view name, std::string_view value) {
  if (name.empty() || !is_utf8(name)) return "\"" + std::string(name) + "\" is not a valid label name";
  if (!is_utf8(value)) return "the value of label \"" + std::string(name) + "\" is not UTF-8";
  return {};
}

}  // namespace tarsier::discovery
