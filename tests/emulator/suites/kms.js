// SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
// SPDX-License-Identifier: Apache-2.0
// Stands where @google-cloud/kms would be for the samples of Node.js: each key that is asked for is
// there, by name. How to use it is told in docs/reference/emulator-fidelity.md.
'use strict';

class KeyManagementServiceClient {
  locationPath(project, location) {
    return `projects/${project}/locations/${location}`;
  }
  keyRingPath(project, location, ring) {
    return `${this.locationPath(project, location)}/keyRings/${ring}`;
  }
  cryptoKeyPath(project, location, ring, key) {
    return `${this.keyRingPath(project, location, ring)}/cryptoKeys/${key}`;
  }
  async getKeyRing({name}) {
    return [{name}];
  }
  async getCryptoKey({name}) {
    return [{name}];
  }
}

module.exports = {KeyManagementServiceClient};
