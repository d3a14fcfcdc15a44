// A request in OTLP's JSON form as the protobuf message that it stands for: both go the same way from there.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tarsier/result.hpp"

namespace tarsier::otlp {

/// The bytes of an ExportMetricsServiceRequest. Names may be lowerCamelCase or as in the .proto files; what is not known is left
/// out, as the specification wants it. INVALID, with the path to it: text that is no JSON, and a value of another type.
Result<std::vector<uint8_t>> request_from_json(std::string_view json);

}  // namespace tarsier::otlp
