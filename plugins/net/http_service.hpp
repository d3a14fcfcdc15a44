// The table "tarsier.http/1" over the router, the exchanges and the client.
#pragma once

#include "plugins/lib/http/client.hpp"
#include "plugins/net/owners.hpp"
#include "tarsier/host.hpp"
#include "tarsier/service/http.h"

namespace tarsier::net {

/// What the table's `self` points to.
struct HttpService {
  HttpService(const Host& the_host, Owners& the_owners, Client& the_client);

  const Host& host;
  Owners& owners;
  Client& client;
  tarsier_http table{};
};

}  // namespace tarsier::net
