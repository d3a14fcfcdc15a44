#include "core/host/cli/doctor/json_view.hpp"

namespace tarsier::host::cli {

std::string labels_text(const boost::json::value& labels) {
  std::string out;
  if (!labels.is_object()) return "{}";
  for (const auto& entry : labels.get_object()) {
    const std::string value =
        entry.value().is_string() ? std::string(entry.value().get_string()) : boost::json::serialize(entry.value());
    out += out.empty() ? "{" : ", ";
    out += std::string(entry.key()) + "=" + boost::json::serialize(boost::json::value(value));
  }
  return out.empty() ? "{}" : out + "}";
}

}  // namespace tarsier::host::cli
