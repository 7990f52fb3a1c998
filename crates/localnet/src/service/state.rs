//! `StateService`: who owns what.

use atoma_ledger::{Cursor, OwnerKind};
use sui_rpc::proto::sui::rpc::v2::{self as pb, state_service_server::StateService};
use sui_sdk_types::{StructTag, TypeTag};
use tonic::{Request, Response, Status, async_trait};

use super::{Service, address, page_size};
use crate::message::{self, mask, status};

const OBJECT_DEFAULT: &str = "object_id,version,object_type";

fn coin_type(text: Option<&str>) -> Result<TypeTag, Status> {
    text.ok_or_else(|| Status::invalid_argument("coin_type is missing"))?
        .parse()
        .map_err(|error| Status::invalid_argument(format!("coin_type: {error}")))
}

fn balance(coin_type: &TypeTag, amount: u64) -> pb::Balance {
    let mut balance = pb::Balance::default();
    balance.coin_type = Some(coin_type.to_string());
    balance.balance = Some(amount);
    balance.coin_balance = Some(amount);
    balance
}

#[async_trait]
impl StateService for Service {
    async fn list_owned_objects(
        &self,
        request: Request<pb::ListOwnedObjectsRequest>,
    ) -> Result<Response<pb::ListOwnedObjectsResponse>, Status> {
        let request = request.into_inner();
        let mask = mask::<pb::Object>(request.read_mask, OBJECT_DEFAULT)?;
        let owner = address("owner", request.owner.as_deref())?;
        let filter: Option<StructTag> = request
            .object_type
            .filter(|text| !text.is_empty())
            .map(|text| text.parse())
            .transpose()
            .map_err(|error| Status::invalid_argument(format!("object_type: {error}")))?;
        let after = request.page_token.map(|token| Cursor(token.to_vec()));
        let limit = page_size(request.page_size);
        let ledger = self.chain.ledger();
        let page = ledger
            .owned_objects(
                OwnerKind::Address,
                &owner,
                filter.as_ref(),
                after.as_ref(),
                limit,
            )
            .map_err(|error| status(&error))?;
        let mut response = pb::ListOwnedObjectsResponse::default();
        for item in page.items {
            let found = ledger.object(&item.id).map_err(|error| status(&error))?;
            let found = found.ok_or_else(|| Status::internal("a listed object is missing"))?;
            response.objects.push(message::object(&found, &mask));
        }
        response.next_page_token = page.next.map(|cursor| cursor.0.into());
        Ok(Response::new(response))
    }

    async fn get_balance(
        &self,
        request: Request<pb::GetBalanceRequest>,
    ) -> Result<Response<pb::GetBalanceResponse>, Status> {
        let request = request.into_inner();
        let owner = address("owner", request.owner.as_deref())?;
        let coin = coin_type(request.coin_type.as_deref())?;
        let amount = self
            .chain
            .ledger()
            .balance(&owner, &coin)
            .map_err(|error| status(&error))?;
        let mut response = pb::GetBalanceResponse::default();
        response.balance = Some(balance(&coin, amount));
        Ok(Response::new(response))
    }

    async fn list_balances(
        &self,
        request: Request<pb::ListBalancesRequest>,
    ) -> Result<Response<pb::ListBalancesResponse>, Status> {
        let owner = address("owner", request.into_inner().owner.as_deref())?;
        let balances = self
            .chain
            .ledger()
            .balances(&owner)
            .map_err(|error| status(&error))?;
        let mut response = pb::ListBalancesResponse::default();
        response.balances = balances
            .iter()
            .map(|(coin, amount)| balance(coin, *amount))
            .collect();
        Ok(Response::new(response))
    }
}
