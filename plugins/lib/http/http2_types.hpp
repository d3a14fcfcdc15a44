// Words of HTTP/2 that its sessions and those around them share.
#pragma once

#include <cstddef>
#include <cstdint>

#include "plugins/lib/http/headers.hpp"

namespace tarsier::net {

/// Error codes of RFC 9113 that are sent from here.
enum class Http2Error : uint32_t {
  none = 0x0,
  internal = 0x2,
  refused_stream = 0x7,
  cancel = 0x8,
  enhance_your_calm = 0xb,
};

/// What can be sent of a body now.
struct Http2Supply {
  size_t size = 0;
  bool last = false;                  // nothing comes behind
  const Headers* trailers = nullptr;  // with `last`
};

}  // namespace tarsier::net
